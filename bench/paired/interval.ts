import type { Random } from "../../runtime/clock.ts";
import { draw } from "../report/bootstrap.ts";

/** A mean over rounds, with the ends of its 95 % interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Pairs that it comes from. */
  readonly pairs: number;
}

const resamples = 4000;
/** Two-sided 97.5 % quantiles of Student's t by degrees of freedom, from 1; beyond the last it is the normal's. */
const student = [
  12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
];
const normalQuantile = 1.96;
/** Fewer pairs than this have no verdict: whatever is drawn from three lies between the three. */
export const minPairs = 4;

/**
 * Percentile bootstrap of a mean. A handful of values makes that too narrow; it is expanded as Hesterberg has it ("What
 * Teachers Should Know About the Bootstrap", The American Statistician 69, 2015): percentiles further out, as far as
 * Student's t is from the normal. No ends with fewer than two values.
 */
function intervalOf(values: readonly number[], random: Random): Interval {
  const size = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / size;
  if (size < 2) return { mean, low: Number.NaN, high: Number.NaN, pairs: size };
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    const times = draw(size, random);
    let sum = 0;
    for (let k = 0; k < size; k++) sum += times[k]! * values[k]!;
    means[i] = sum / size;
  }
  means.sort();
  const t = student[size - 2] ?? normalQuantile;
  const tail = normalBelow(-t * Math.sqrt(size / (size - 1)));
  const at = (share: number) => means[Math.min(resamples - 1, Math.floor(share * resamples))]!;
  return { mean, low: at(tail), high: at(1 - tail), pairs: size };
}

export type Pairs = readonly (readonly [first: number, second: number])[];

/**
 * How many times as much the second is, by the logarithms of the rounds' ratios, so that what a round's machine did to
 * both falls out. Pairs with a value that is not above 0 are left out.
 */
export function pairedRatio(pairs: Pairs, random: Random): Interval {
  const logs = pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => Math.log(b / a));
  const { mean, low, high } = intervalOf(logs, random);
  return { mean: Math.exp(mean), low: Math.exp(low), high: Math.exp(high), pairs: logs.length };
}

/** How much more the second is: for what may be nothing at all. */
export function pairedDifference(pairs: Pairs, random: Random): Interval {
  return intervalOf(
    pairs.map(([a, b]) => b - a),
    random,
  );
}

/** Distribution function of the normal (Abramowitz & Stegun 26.2.17; off by less than 1e-7). */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - above : above;
}

export type Verdict = "better" | "worse" | "same";

/** `same` when the interval holds `equal` (of ratios 1, of differences 0), or comes from too few pairs. */
export function verdictOf({ low, high, pairs }: Interval, better: "more" | "less", equal = 1): Verdict {
  if (pairs < minPairs || !(low > equal || high < equal)) return "same";
  return low > equal === (better === "more") ? "better" : "worse";
}
