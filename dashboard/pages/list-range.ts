import { useMemo } from "preact/hooks";
import { listRangeOf, type TimeRange } from "../components/time-range.tsx";
import { now, recording } from "../recording.ts";
import { query } from "../router.ts";

/** What the observer is asked for; milliseconds since the epoch, both included. */
export interface Stretch {
  readonly from?: number;
  readonly to?: number;
}

export interface ListRange {
  /** Chosen in the page's address; undefined is any time. One that ends now moves on. */
  readonly range: TimeRange | undefined;
  /** The same until another is chosen, so that the list goes on: `within` leaves out what has grown too old. */
  readonly asked: Stretch;
  /** More can still come. */
  readonly live: boolean;
}

export function useListRange(): ListRange {
  const { value } = query;
  const range = listRangeOf(value, now());
  const key = ["range", "from", "to"].map((name) => value.get(name)).join();
  const asked = useMemo<Stretch>(() => {
    if (range === undefined) return {};
    return range.last === undefined ? { from: range.from, to: range.to } : { from: range.from };
  }, [key]);
  const isOver = range !== undefined && range.last === undefined && range.to < now();
  return { range, asked, live: recording.value === undefined && !isOver };
}

/** Of what was asked for, what is within the range by now; the same array when that is all. */
export function within<T>(
  items: readonly T[],
  range: TimeRange | undefined,
  timeOf: (item: T) => number,
): readonly T[] {
  if (range?.last === undefined) return items;
  const isOld = (item: T) => timeOf(item) < range.from;
  return items.some(isOld) ? items.filter((item) => !isOld(item)) : items;
}
