import { useState } from "preact/hooks";
import type { SeriesRange } from "../charts/series-grid.ts";
import { run } from "../live.ts";
import { formatWhen } from "../pages/format.ts";
import { now, recording } from "../recording.ts";
import { setQuery } from "../router.ts";
import { Segments } from "./choice.tsx";
import { RangeForm } from "./range-form.tsx";

/** Of a recording: from the run's start to its end. */
const allOfIt = "all";

/** In the address as `range=15m`, or `from=…&to=…` in milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  /** Ends now and moves on; undefined for a fixed one. */
  readonly last?: RangeKey | typeof allOfIt;
}

/** Up to what the observer keeps. */
const ranges = {
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "2d": 172_800_000,
} as const;
export type RangeKey = keyof typeof ranges;

const words: Readonly<Record<RangeKey, string>> = {
  "1m": "1 min",
  "5m": "5 min",
  "15m": "15 min",
  "1h": "1 h",
  "6h": "6 h",
  "24h": "24 h",
  "2d": "2 days",
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

/** Of a list, which shows what there is of any time until a stretch is chosen: undefined. */
export function listRangeOf(query: URLSearchParams, now: number): TimeRange | undefined {
  const chosen = ["range", "from", "to"].some((name) => query.has(name));
  const range = timeRangeOf(query, now);
  return chosen && range.last !== allOfIt ? range : undefined;
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
  const [open, setOpen] = useState(false);
  return (
    <div class="range-picker">
      {range.last === undefined ? (
        <span class="mono muted">
          {formatWhen(range.from, now())} – {formatWhen(range.to, range.from)}
        </span>
      ) : (
        <Segments
          label="Time range"
          options={[
            ...keys.map((key) => ({ key, text: isRecording ? `last ${words[key]}` : words[key] })),
            ...(isRecording ? [{ key: allOfIt, text: "All" } as const] : []),
          ]}
          chosen={range.last}
          onChoose={choose}
        />
      )}
      <button
        type="button"
        class="button small"
        aria-expanded={open}
        title="From one moment to another"
        onClick={() => setOpen(!open)}
      >
        {range.last === undefined ? "Change" : "From … to"}
      </button>
      {range.last === undefined && (
        <button type="button" class="button small" onClick={() => choose(isRecording ? allOfIt : "5m")}>
          {isRecording ? "All of it" : "Back to now"}
        </button>
      )}
      {open && <RangeForm {...range} now={now} onChoose={fixTimeRange} onClose={() => setOpen(false)} />}
    </div>
  );
}

const anyTime = "any";
const fromTo = "from-to";

/** The same of a list, in one field among its filters. */
export function ListRangePicker({ range }: { range: TimeRange | undefined }) {
  const [open, setOpen] = useState(false);
  const isFixed = range !== undefined && range.last === undefined;
  const choose = (key: string) => {
    if (key === fromTo) return setOpen(true);
    setOpen(false);
    setQuery({ range: key === anyTime ? undefined : key, from: undefined, to: undefined });
  };
  const shown = range ?? { from: now() - ranges["5m"], to: now() };
  return (
    <div class="range-picker">
      <select
        class="input"
        aria-label="Time range"
        value={isFixed ? "fixed" : (range?.last ?? anyTime)}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value={anyTime}>Any time</option>
        {(Object.keys(ranges) as RangeKey[]).map((key) => (
          <option key={key} value={key}>
            last {words[key]}
          </option>
        ))}
        {isFixed && (
          <option value="fixed">
            {formatWhen(range.from, now())} – {formatWhen(range.to, range.from)}
          </option>
        )}
        <option value={fromTo}>{isFixed ? "Change from … to" : "From … to"}</option>
      </select>
      {open && <RangeForm {...shown} now={now} onChoose={fixTimeRange} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** Fixes the page to a stretch of time, such as one dragged over a chart. */
export function fixTimeRange(from: number, to: number): void {
  setQuery(
    { from: String(Math.round(from)), to: String(Math.round(to)), range: undefined },
    { replace: false },
  );
}
