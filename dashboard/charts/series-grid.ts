/** `lastMs`: up to now, again and again. */
export type SeriesRange = { readonly from: number; readonly to: number } | { readonly lastMs: number };

/** Steps that clocks have, so that buckets begin at full ones. */
const stepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);
const maxPoints = 180;

export function stepFor(spanMs: number): number {
  return stepsMs.find((step) => spanMs / step <= maxPoints) ?? stepsMs[stepsMs.length - 1]!;
}

/** Full steps; the one that is under way has only a part of its requests yet and would look like a fall. */
export function gridOf(range: SeriesRange, now: number): { from: number; to: number; stepMs: number } {
  const stepMs = stepFor("lastMs" in range ? range.lastMs : range.to - range.from);
  const down = (at: number) => Math.floor(at / stepMs) * stepMs;
  if (!("lastMs" in range)) return { from: down(range.from), to: down(range.to) + stepMs, stepMs };
  const to = down(now - stepMs);
  return { from: down(to - range.lastMs), to, stepMs };
}
