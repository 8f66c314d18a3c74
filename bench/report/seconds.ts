import { LatencyHistogram } from "../load/histogram.ts";
import { PartialSecond } from "../load/partial-second.ts";
import type { LoadResult, Second } from "../load/result.ts";
import type { Statistic } from "./bootstrap.ts";

/** Seconds of a run, or of several, ready to be drawn anew: the unit of every bootstrap over one run. */
export interface Sample {
  readonly seconds: readonly Second[];
  /** All latencies, rising. */
  readonly micros: readonly number[];
  /** Per second, how often each of `micros`. */
  readonly counts: readonly Float64Array[];
}

/** The whole seconds of a run, or the one it did not fill; what is left after the last is a moment with few answers. */
export function wholeSeconds({
  seconds,
  measuredMs,
}: Pick<LoadResult, "seconds" | "measuredMs">): readonly Second[] {
  return seconds.slice(0, Math.max(1, Math.round(measuredMs / 1000)));
}

/** The same, with what ended after them in the last: answers of an overloaded target are the later the worse it is. */
export function wholeSecondsAndRest(load: Pick<LoadResult, "seconds" | "measuredMs">): readonly Second[] {
  const whole = wholeSeconds(load);
  const last = whole.at(-1);
  if (last === undefined || load.seconds.length === whole.length) return whole;
  const merged = new PartialSecond();
  for (const second of load.seconds.slice(whole.length - 1)) merged.add(second);
  return [...whole.slice(0, -1), merged.finish(last.second)];
}

export function sampleOf(seconds: readonly Second[]): Sample {
  const buckets = seconds.map((second) => LatencyHistogram.decode(second.corrected).buckets());
  const micros = [...new Set(buckets.flat().map(([value]) => value))].sort((x, y) => x - y);
  const place = new Map(micros.map((value, i) => [value, i]));
  const counts = buckets.map((list) => {
    const dense = new Float64Array(micros.length);
    for (const [value, count] of list) dense[place.get(value)!] = count;
    return dense;
  });
  return { seconds, micros, counts };
}

export const perSecondOf = (sample: Sample): Statistic =>
  ratio(
    sample,
    (second) => second.replied,
    () => 1,
  );

export const failedShareOf = (sample: Sample): Statistic =>
  ratio(
    sample,
    (second) => second.failed + second.bad,
    (second) => second.failed + second.replied,
  );

function ratio(
  { seconds }: Sample,
  above: (second: Second) => number,
  below: (second: Second) => number,
): Statistic {
  return (times) => {
    let [top, bottom] = [0, 0];
    for (const [i, second] of seconds.entries()) {
      top += times[i]! * above(second);
      bottom += times[i]! * below(second);
    }
    return bottom === 0 ? 0 : top / bottom;
  };
}

/** In milliseconds, of all draws together; NaN when they have no answers. */
export function percentileOf({ micros, counts }: Sample, share: number): Statistic {
  const merged = new Float64Array(micros.length);
  return (times) => {
    merged.fill(0);
    let total = 0;
    for (const [second, dense] of counts.entries()) {
      const weight = times[second]!;
      if (weight === 0) continue;
      for (let i = 0; i < dense.length; i++) {
        const count = weight * dense[i]!;
        merged[i]! += count;
        total += count;
      }
    }
    let left = share * total;
    for (let i = 0; i < merged.length; i++) {
      left -= merged[i]!;
      if (left <= 1e-9 && total > 0) return micros[i]! / 1000;
    }
    return Number.NaN;
  };
}
