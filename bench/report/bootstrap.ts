import type { Random } from "../../runtime/clock.ts";

export interface Difference {
  /** Of the second against the first, as measured. */
  readonly difference: number;
  /** Ends of the confidence interval. */
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly random: Random;
  /** Default: 1000. */
  readonly resamples?: number;
  /** Default: 0.95. */
  readonly confidence?: number;
}

/** A statistic of a sample that is given as how often each of its members was drawn. */
export type Statistic = (times: Uint32Array) => number;

/**
 * Percentile bootstrap of a difference between two independent samples (Efron & Tibshirani, An Introduction to the
 * Bootstrap, 1993, chapters 8 and 13): both are drawn anew with replacement, and the statistic's differences over all
 * draws give the interval. Each sample is its size and its statistic.
 */
export function bootstrapDifference(
  first: { readonly size: number; readonly statistic: Statistic },
  second: { readonly size: number; readonly statistic: Statistic },
  options: BootstrapOptions,
): Difference {
  const { random, resamples = 1000, confidence = 0.95 } = options;
  if (first.size < 1 || second.size < 1) throw new Error("bootstrap: a sample is empty");
  const once = (size: number) => new Uint32Array(size).fill(1);
  const differences = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    differences[i] = second.statistic(draw(second.size, random)) - first.statistic(draw(first.size, random));
  }
  differences.sort();
  const tail = (1 - confidence) / 2;
  const at = (share: number) =>
    differences[Math.min(resamples - 1, Math.max(0, Math.floor(share * resamples)))]!;
  return {
    difference: second.statistic(once(second.size)) - first.statistic(once(first.size)),
    low: at(tail),
    high: at(1 - tail),
  };
}

/** How often each of `size` members was taken, with replacement. */
export function draw(size: number, random: Random): Uint32Array {
  const times = new Uint32Array(size);
  for (let i = 0; i < size; i++) times[Math.floor(random() * size)]!++;
  return times;
}
