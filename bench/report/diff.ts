import { type Random, seededRandom } from "../../runtime/clock.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { LoadResult, Second } from "../load/result.ts";
import { bootstrapDifference, type Difference, type Statistic } from "./bootstrap.ts";

export interface DiffRow extends Difference {
  readonly metric: "perSecond" | "failedShare" | "p50Ms" | "p90Ms" | "p99Ms" | "p999Ms";
  readonly first: number;
  readonly second: number;
  /** `same` when the interval holds no difference. */
  readonly verdict: "better" | "worse" | "same";
}

/** Fewer seconds say too little about how seconds vary. */
const minSeconds = 5;

/**
 * Compares two runs by resampling their seconds, each with its whole histogram, so that the percentiles' own
 * uncertainty is in the interval. Seconds stand in for independent trials; a slow drift within a run makes the interval
 * too narrow, which is why comparisons that matter interleave several runs. Throws on runs that are too short.
 */
export function diffRuns(first: LoadResult, second: LoadResult, random: Random = seededRandom(1)): DiffRow[] {
  const [a, b] = [sampleOf(first), sampleOf(second)];
  const rows: DiffRow[] = [];
  for (const { metric, better, statistic } of metrics) {
    const [sa, sb] = [statistic(a), statistic(b)];
    const found = bootstrapDifference(
      { size: a.seconds.length, statistic: sa },
      { size: b.seconds.length, statistic: sb },
      { random },
    );
    const once = (size: number) => new Uint32Array(size).fill(1);
    rows.push({
      metric,
      ...found,
      first: sa(once(a.seconds.length)),
      second: sb(once(b.seconds.length)),
      verdict: verdict(found, better),
    });
  }
  return rows;
}

function verdict({ low, high }: Difference, better: "more" | "less"): DiffRow["verdict"] {
  if (low <= 0 && high >= 0) return "same";
  // NaN, when a run has no answers, is no difference that could be told.
  if (!(low > 0 || high < 0)) return "same";
  return low > 0 === (better === "more") ? "better" : "worse";
}

interface Sample {
  readonly seconds: readonly Second[];
  /** All latencies of the run, rising. */
  readonly micros: readonly number[];
  /** Per second, how often each of `micros`. */
  readonly counts: readonly Float64Array[];
}

function sampleOf({ seconds: all, measuredMs }: LoadResult): Sample {
  const seconds = all.slice(0, Math.round(measuredMs / 1000));
  if (seconds.length < minSeconds) {
    throw new Error(`a run of ${seconds.length} s cannot be compared, ${minSeconds} s are the least`);
  }
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

interface Metric {
  readonly metric: DiffRow["metric"];
  readonly better: "more" | "less";
  readonly statistic: (sample: Sample) => Statistic;
}

const metrics: readonly Metric[] = [
  {
    metric: "perSecond",
    better: "more",
    statistic: (sample) =>
      ratio(
        sample,
        (second) => second.replied,
        () => 1,
      ),
  },
  {
    metric: "failedShare",
    better: "less",
    statistic: (sample) =>
      ratio(
        sample,
        (second) => second.failed + second.bad,
        (second) => second.failed + second.replied,
      ),
  },
  { metric: "p50Ms", better: "less", statistic: (sample) => percentile(sample, 0.5) },
  { metric: "p90Ms", better: "less", statistic: (sample) => percentile(sample, 0.9) },
  { metric: "p99Ms", better: "less", statistic: (sample) => percentile(sample, 0.99) },
  { metric: "p999Ms", better: "less", statistic: (sample) => percentile(sample, 0.999) },
];

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

function percentile({ micros, counts }: Sample, share: number): Statistic {
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
