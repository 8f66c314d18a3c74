import type { SeriesRange } from "../charts/series-grid.ts";
import { run } from "../live.ts";
import { recording } from "../recording.ts";
import { setQuery } from "../router.ts";
import { Segments } from "./choice.tsx";

/** Of a recording: from the run's start to its end. */
const allOfIt = "all";

/** In the address as `range=15m`, or `from=…&to=…` in milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  /** Ends now and moves on; undefined for a fixed one. */
  readonly last?: RangeKey | typeof allOfIt;
}

const ranges = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000 } as const;
export type RangeKey = keyof typeof ranges;

const words: Readonly<Record<RangeKey, string>> = {
  "1m": "1 min",
  "5m": "5 min",
  "15m": "15 min",
  "1h": "1 h",
  "6h": "6 h",
};

export function timeRangeOf(query: URLSearchParams, now: number, fallback: RangeKey = "5m"): TimeRange {
  const whole = recording.value === undefined ? undefined : run.value;
  const from = Number(query.get("from") ?? Number.NaN);
  const to = Number(query.get("to") ?? Number.NaN);
  if (Number.isFinite(from) && Number.isFinite(to) && from < to) return { from, to };
  const asked = query.get("range") ?? (whole === undefined ? fallback : allOfIt);
  if (whole !== undefined && !Object.hasOwn(ranges, asked)) {
    return { from: whole.startedAt, to: now, last: allOfIt };
  }
  const last = Object.hasOwn(ranges, asked) ? (asked as RangeKey) : fallback;
  return { from: now - ranges[last], to: now, last };
}

/** What charts ask for: a range that ends now is asked for again and again, one of a recording once. */
export function seriesRangeOf({ from, to, last }: TimeRange): SeriesRange {
  return last === undefined || recording.value !== undefined ? { from, to } : { lastMs: to - from };
}

/** Chooses the time range of the page, in its address. A fixed one is shown with a way back to now. */
export function TimeRangePicker({ range }: { range: TimeRange }) {
  const isRecording = recording.value !== undefined;
  const length = isRecording ? range.to - (run.value?.startedAt ?? 0) : Number.POSITIVE_INFINITY;
  const keys = (Object.keys(ranges) as RangeKey[]).filter((key) => ranges[key] < length);
  const choose = (key: RangeKey | typeof allOfIt) => setQuery({ range: key, from: undefined, to: undefined });
  if (range.last === undefined) {
    return (
      <span class="field">
        <span class="mono">
          {clock(range.from)} – {clock(range.to)}
        </span>
        <button type="button" class="button small" onClick={() => choose(isRecording ? allOfIt : "5m")}>
          {isRecording ? "All of it" : "Back to now"}
        </button>
      </span>
    );
  }
  return (
    <Segments
      label="Time range"
      options={[
        ...keys.map((key) => ({ key, text: isRecording ? `last ${words[key]}` : words[key] })),
        ...(isRecording ? [{ key: allOfIt, text: "All" } as const] : []),
      ]}
      chosen={range.last}
      onChoose={choose}
    />
  );
}

/** Fixes the page to a stretch of time, such as one dragged over a chart. */
export function fixTimeRange(from: number, to: number): void {
  setQuery(
    { from: String(Math.round(from)), to: String(Math.round(to)), range: undefined },
    { replace: false },
  );
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}
