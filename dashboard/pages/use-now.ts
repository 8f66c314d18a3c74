import { useEffect, useState } from "preact/hooks";

/** The time, told again every `everyMs`, for ages that grow while one looks at them. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
