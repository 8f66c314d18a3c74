import { useState } from "preact/hooks";
import { api } from "../../api.ts";
import { instances } from "../../live.ts";

export const labels = {
  restart: "Restart",
  stop: "Stop",
  start: "Start",
  freeze: "Freeze",
  thaw: "Thaw",
  kill: "Kill",
} as const;

export interface Action {
  /** What is under way, as given to `act`. */
  readonly busy: string | undefined;
  readonly error: string | undefined;
  readonly act: (what: string, work: () => Promise<unknown>) => void;
}

/** One action at a time; what comes of it is seen in the map, and at once. */
export function useAction(): Action {
  const [busy, setBusy] = useState<string | undefined>();
  const [error, setError] = useState<string | undefined>();
  const act = async (what: string, work: () => Promise<unknown>) => {
    setBusy(what);
    setError(undefined);
    try {
      await work();
      instances.value = await api.instances();
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    } finally {
      setBusy(undefined);
    }
  };
  return { busy, error, act: (what, work) => void act(what, work) };
}
