import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "../api.ts";
import { recording } from "../recording.ts";

export interface Polled<T> {
  /** The last answer; stays while the next one is on its way, and when that fails. */
  readonly data: T | undefined;
  /** ApiError mostly. */
  readonly error: Error | undefined;
  /** Nothing has come yet. */
  readonly loading: boolean;
  readonly refresh: () => void;
}

/**
 * The answer at `path` of the control API, asked for again `everyMs` after each answer; never twice at once, so that a slow
 * browser or server gets fewer questions. A page in the background asks nothing, and a recording is
 * asked once. `path` undefined: nothing to ask.
 */
export function usePolled<T>(path: string | undefined, askedEveryMs: number | undefined): Polled<T> {
  const everyMs = recording.value === undefined ? askedEveryMs : undefined;
  const [state, setState] = useState<{ path: string | undefined; data?: T; error?: Error }>({ path });
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((old) => old + 1), []);
  useEffect(() => {
    if (path === undefined) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const data = await get<T>(path, gone.signal);
        if (!gone.signal.aborted) setState({ path, data });
      } catch (error) {
        if (gone.signal.aborted) return;
        const failure = error instanceof Error ? error : new Error(String(error));
        setState((old) => ({ ...(old.path === path ? old : { path }), error: failure }));
      }
      if (everyMs !== undefined && !gone.signal.aborted) timer = setTimeout(next, everyMs);
    };
    const next = () => {
      if (document.hidden) timer = setTimeout(next, everyMs);
      else void ask();
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, round]);
  const mine = state.path === path;
  const data = mine ? state.data : undefined;
  const error = mine ? state.error : undefined;
  return { data, error, loading: path !== undefined && data === undefined && error === undefined, refresh };
}
