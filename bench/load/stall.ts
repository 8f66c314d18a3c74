/** What a stall of the target must do to the latencies of an open loop, by arithmetic. */
export interface StallRun {
  /** Requests a second, evenly spaced. */
  readonly rate: number;
  readonly durationMs: number;
  readonly stallMs: number;
}

/**
 * The latency at `percentile` of a run in which the target answers at once, but stands still once for `stallMs`: what was
 * due t ms into the stall waits stallMs − t, so that the worst `n` of all requests have waited at least
 * stallMs − n/rate. 0 below the share of requests that the stall touches.
 */
export function stallPercentileMs({ rate, durationMs, stallMs }: StallRun, percentile: number): number {
  const all = (rate * durationMs) / 1000;
  const above = (1 - percentile / 100) * all;
  return Math.max(0, stallMs - (above / rate) * 1000);
}
