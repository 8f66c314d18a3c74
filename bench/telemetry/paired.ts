import type { Random } from "../../runtime/clock.ts";

/** A ratio of two things that were measured in turns, and its confidence interval. */
export interface PairedRatio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 2000;
const confidence = 0.95;

/**
 * The median of the ratios within each pair, and a percentile bootstrap interval of it: the pairs are drawn anew with
 * replacement (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). What the machine did besides fell
 * on both of a pair alike, so it is the pairs that vary and not the sides.
 */
export function pairedRatio(
  first: readonly number[],
  second: readonly number[],
  random: Random,
): PairedRatio {
  if (first.length === 0 || first.length !== second.length) throw new Error("pairedRatio: no pairs");
  const ratios = first.map((value, place) => value / second[place]!);
  const medians = Array.from({ length: resamples }, () =>
    median(ratios.map(() => ratios[Math.floor(random() * ratios.length)]!)),
  ).sort((a, b) => a - b);
  const at = (share: number) => medians[Math.min(resamples - 1, Math.floor(share * resamples))]!;
  const tail = (1 - confidence) / 2;
  return { ratio: median(ratios), low: at(tail), high: at(1 - tail) };
}

/** `1.04 (95 %: 1.02–1.06)`. */
export function formatRatio({ ratio, low, high }: PairedRatio): string {
  return `${ratio.toFixed(3)} (95 %: ${low.toFixed(3)}–${high.toFixed(3)})`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
