import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";

type Values = readonly (number | null)[];

/** What the gateway's clients saw, step by step. */
export interface Seen {
  readonly from: number;
  readonly stepMs: number;
  readonly rate: Values;
  readonly errors: Values;
  readonly p99: Values;
}

/** Around one entry: the worst of the time before and of the time after. */
export interface Effect {
  readonly errorsBefore: number;
  readonly errorsAfter: number;
  readonly p99Before: number | undefined;
  readonly p99After: number | undefined;
}

/** Looked at on either side; at least two steps. */
const sideMs = 10_000;

/**
 * What changed for clients when something was done. Of latencies the largest of each side is told: percentiles of several
 * steps have no mean. Undefined where there is nothing on one of the sides, as at the end of the chart.
 */
export function effectOf(entry: TimelineEntry, seen: Seen): Effect | undefined {
  const { from, stepMs, rate, errors, p99 } = seen;
  const steps = Math.max(2, Math.round(sideMs / stepMs));
  const place = Math.floor((entry.at - from) / stepMs);
  const before: readonly [number, number] = [Math.max(0, place - steps), place];
  const after: readonly [number, number] = [place, Math.min(rate.length, place + steps)];
  if (place < 1 || place >= rate.length) return undefined;
  const asked = (side: readonly [number, number]) => most(rate, side) ?? 0;
  if (asked(before) === 0 && asked(after) === 0) return undefined;
  return {
    errorsBefore: most(errors, before) ?? 0,
    errorsAfter: most(errors, after) ?? 0,
    p99Before: most(p99, before),
    p99After: most(p99, after),
  };
}

function most(values: Values, [from, to]: readonly [number, number]): number | undefined {
  let found: number | undefined;
  for (let step = from; step < to; step++) {
    const value = values[step];
    if (value !== null && value !== undefined) found = Math.max(found ?? value, value);
  }
  return found;
}
