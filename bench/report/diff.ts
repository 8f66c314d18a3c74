import { type Random, seededRandom } from "../../runtime/clock.ts";
import type { LoadResult } from "../load/result.ts";
import { bootstrapDifference, type Difference, type Statistic } from "./bootstrap.ts";
import { failedShareOf, percentileOf, perSecondOf, type Sample, sampleOf, wholeSeconds } from "./seconds.ts";

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
  const [a, b] = [longEnough(first), longEnough(second)];
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

function longEnough(run: LoadResult): Sample {
  const seconds = wholeSeconds(run);
  if (seconds.length < minSeconds) {
    throw new Error(`a run of ${seconds.length} s cannot be compared, ${minSeconds} s are the least`);
  }
  return sampleOf(seconds);
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
    statistic: perSecondOf,
  },
  {
    metric: "failedShare",
    better: "less",
    statistic: failedShareOf,
  },
  { metric: "p50Ms", better: "less", statistic: (sample) => percentileOf(sample, 0.5) },
  { metric: "p90Ms", better: "less", statistic: (sample) => percentileOf(sample, 0.9) },
  { metric: "p99Ms", better: "less", statistic: (sample) => percentileOf(sample, 0.99) },
  { metric: "p999Ms", better: "less", statistic: (sample) => percentileOf(sample, 0.999) },
];
