import type { SpanRecord } from "./model.ts";

/** Of a span that was moved: how far its process's clock is ahead of its cause's, in milliseconds; less than 0 when behind. */
export const clockSkew = "microcosm.clock_skew_ms";

export function skewOf({ attributes }: SpanRecord): number | undefined {
  const skew = attributes[clockSkew];
  return typeof skew === "number" && skew !== 0 ? skew : undefined;
}

export interface Skews {
  /** Spans that were moved. */
  readonly spans: number;
  /** By how much at the most. */
  readonly mostMs: number;
}

/** Undefined where all clocks agree. */
export function skewsOf(spans: readonly SpanRecord[]): Skews | undefined {
  const skews = spans.map(skewOf).filter((skew) => skew !== undefined);
  if (skews.length === 0) return undefined;
  return { spans: skews.length, mostMs: skews.reduce((most, skew) => Math.max(most, Math.abs(skew)), 0) };
}
