import { useEffect, useState } from "preact/hooks";
import type { Series } from "../../runtime/telemetry/query.ts";
import { api } from "../api.ts";
import { now } from "../recording.ts";
import { gridOf, longestWaitMs, type SeriesRange } from "./series-grid.ts";

/** One question of a chart; see SeriesQuery. */
export interface SeriesAsk {
  readonly metric: string;
  readonly stat: string;
  readonly by?: string;
  readonly where?: readonly string[];
}

export interface SeriesAnswer {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** One list an ask. */
  readonly series: readonly (readonly Series[])[];
}

const minEveryMs = 2000;

/**
 * Answers to some questions on one time axis. The last answer stays while the next is on its way, and when that fails. A
 * range that ends now is asked for again with each step; never twice at once, and not by a page in the background.
 */
export function useSeries(
  asks: readonly SeriesAsk[],
  range: SeriesRange,
): { readonly answer: SeriesAnswer | undefined; readonly error: unknown } {
  const key = JSON.stringify([asks, range]);
  const [state, setState] = useState<{ key: string; answer?: SeriesAnswer; error?: unknown }>({ key });
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const grid = gridOf(range, now());
      if (!document.hidden) {
        try {
          const series = await Promise.all(asks.map((one) => api.series({ ...one, ...grid }, gone.signal)));
          if (!gone.signal.aborted) setState({ key, answer: { ...grid, series } });
        } catch (error) {
          if (!gone.signal.aborted) setState((old) => ({ ...(old.key === key ? old : { key }), error }));
        }
      }
      if ("lastMs" in range && !gone.signal.aborted)
        timer = setTimeout(ask, Math.max(minEveryMs, Math.min(longestWaitMs, grid.stepMs)));
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [key]);
  return state.key === key
    ? { answer: state.answer, error: state.error }
    : { answer: undefined, error: undefined };
}
