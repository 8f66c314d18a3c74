import { useEffect, useState } from "preact/hooks";
import { now } from "../recording.ts";

/** The time, told again every `everyMs`, for ages that grow while one looks at them. */
export function useNow(everyMs: number): number {
  const [at, setAt] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return at;
}
