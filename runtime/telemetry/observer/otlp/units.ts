import { Histogram } from "../histogram.ts";

/**
 * OpenTelemetry's conventions have durations in seconds; here they are milliseconds. All that leaves or comes as OTLP is
 * changed on the way.
 */
export const perSecond = 1000;

/** The unit that leaves for `unit`, and by what values are multiplied. */
export function outgoing(unit: string): { readonly unit: string; readonly factor: number } {
  return unit === "ms" ? { unit: "s", factor: 1 / perSecond } : { unit, factor: 1 };
}

/** The same the other way. */
export function incoming(unit: string): { readonly unit: string; readonly factor: number } {
  return unit === "s" ? { unit: "ms", factor: perSecond } : { unit, factor: 1 };
}

/**
 * How far buckets of `scale` move when their values are multiplied: by whole buckets, since those between cannot be
 * split. At our own scale that is off by a quarter of a bucket, 2.4 % of a value; out and in again is exact.
 */
export function bucketShift(factor: number, scale: number): number {
  return factor === 1 ? 0 : Math.round(Math.log2(factor) * 2 ** scale);
}

/** The histogram with its values multiplied; at a scale where whole buckets can stand for that. */
export function scaled(histogram: Histogram, factor: number): Histogram {
  if (factor === 1) return histogram;
  const data = histogram.toData();
  const shift = bucketShift(factor, data.scale);
  return new Histogram().add({
    ...data,
    sum: data.sum * factor,
    min: data.min * factor,
    max: data.max * factor,
    buckets: data.buckets.map(([index, count]) => [index + shift, count] as const),
  });
}
