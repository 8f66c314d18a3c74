import type { Random } from "../clock.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds until the next attempt after `failures` failed ones (from 1): exponential, the upper half random, so that
 * what failed together does not come back together ("equal jitter": Marc Brooker, Exponential Backoff And Jitter, 2015).
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: Random): number {
  // The exponent is capped: 2 ** 1100 is Infinity, and Infinity × 0 is not a delay.
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 52));
  return full / 2 + random() * (full / 2);
}
