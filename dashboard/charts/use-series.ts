import { useEffect, useState } from "preact/hooks";
import type { Series } from "../../runtime/telemetry/query.ts";
import { api } from "../api.ts";

/** One question of a chart; see SeriesQuery. */
export interface SeriesAsk {
  readonly metric: string;
  readonly stat: string;
  readonly by?: string;
  readonly where?: readonly string[];
}

/** `lastMs`: up to now, again and again. */
export type SeriesRange = { readonly from: number; readonly to: number } | { readonly lastMs: number };

export interface SeriesAnswer {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** One list an ask. */
  readonly series: readonly (readonly Series[])[];
}

/** Steps that clocks have, so that buckets begin at full ones. */
const stepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);
const maxPoints = 180;
const minEveryMs = 2000;

export function stepFor(spanMs: number): number {
  return stepsMs.find((step) => spanMs / step <= maxPoints) ?? stepsMs[stepsMs.length - 1]!;
}

/** Full steps; the one that is under way has only a part of its requests yet and would look like a fall. */
export function gridOf(range: SeriesRange, now: number): { from: number; to: number; stepMs: number } {
  const spanMs = "lastMs" in range ? range.lastMs : range.to - range.from;
  const stepMs = stepFor(spanMs);
  const end = "lastMs" in range ? now - stepMs : range.to;
  const to = Math.floor(end / stepMs) * stepMs + ("lastMs" in range ? 0 : stepMs);
  return { from: Math.floor((to - spanMs) / stepMs) * stepMs, to, stepMs };
}

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
      const grid = gridOf(range, Date.now());
      if (!document.hidden) {
        try {
          const series = await Promise.all(asks.map((one) => api.series({ ...one, ...grid }, gone.signal)));
          if (!gone.signal.aborted) setState({ key, answer: { ...grid, series } });
        } catch (error) {
          if (!gone.signal.aborted) setState((old) => ({ ...(old.key === key ? old : { key }), error }));
        }
      }
      if ("lastMs" in range && !gone.signal.aborted)
        timer = setTimeout(ask, Math.max(minEveryMs, grid.stepMs));
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
