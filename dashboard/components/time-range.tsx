import { setQuery } from "../router.ts";
import { Segments } from "./choice.tsx";

/** In the address as `range=15m`, or `from=…&to=…` in milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  /** Ends now and moves on; undefined for a fixed one. */
  readonly last?: RangeKey;
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
  const from = Number(query.get("from") ?? Number.NaN);
  const to = Number(query.get("to") ?? Number.NaN);
  if (Number.isFinite(from) && Number.isFinite(to) && from < to) return { from, to };
  const asked = query.get("range") ?? "";
  const last = Object.hasOwn(ranges, asked) ? (asked as RangeKey) : fallback;
  return { from: now - ranges[last], to: now, last };
}

/** Chooses the time range of the page, in its address. A fixed one is shown with a way back to now. */
export function TimeRangePicker({ range }: { range: TimeRange }) {
  const keys = Object.keys(ranges) as RangeKey[];
  const choose = (key: RangeKey) => setQuery({ range: key, from: undefined, to: undefined });
  if (range.last === undefined) {
    return (
      <span class="field">
        <span class="mono">
          {clock(range.from)} – {clock(range.to)}
        </span>
        <button type="button" class="button small" onClick={() => choose("5m")}>
          Back to now
        </button>
      </span>
    );
  }
  return (
    <Segments
      label="Time range"
      options={keys.map((key) => ({ key, text: words[key] }))}
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
