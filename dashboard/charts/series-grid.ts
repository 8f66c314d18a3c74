/** `lastMs`: up to now, again and again. */
export type SeriesRange = { readonly from: number; readonly to: number } | { readonly lastMs: number };

/** Steps that clocks have, so that buckets begin at full ones, and that hold whole buckets of the observer (1, 10, 60 s). */
const stepsMs = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);
const maxPoints = 180;

export function stepFor(spanMs: number): number {
  const longest = stepsMs[stepsMs.length - 1]!;
  // However long the range is, the observer is asked for no more than a chart shows.
  return (
    stepsMs.find((step) => spanMs / step <= maxPoints) ?? Math.ceil(spanMs / maxPoints / longest) * longest
  );
}

/** Of a range that ends now: it is asked for again, and ends, this often at least; the observer's longest buckets are as long. */
export const longestWaitMs = 60_000;

/** After its end a minute has all reports of its workers, which come once a second; of shorter steps one is waited for. */
function reportedMs(stepMs: number): number {
  return stepMs > longestWaitMs ? 2000 : stepMs;
}

/**
 * Full steps; the one that is under way has only a part of its requests yet and would look like a fall. Steps of more than a
 * minute end with the last full minute: of a run that is younger than one of them nothing would be seen.
 */
export function gridOf(range: SeriesRange, now: number): { from: number; to: number; stepMs: number } {
  const stepMs = stepFor("lastMs" in range ? range.lastMs : range.to - range.from);
  const down = (at: number) => Math.floor(at / stepMs) * stepMs;
  if (!("lastMs" in range)) return { from: down(range.from), to: down(range.to) + stepMs, stepMs };
  const unit = Math.min(stepMs, longestWaitMs);
  const to = Math.floor((now - Math.min(unit, reportedMs(stepMs))) / unit) * unit;
  const steps = Math.ceil(range.lastMs / stepMs);
  return { from: to - steps * stepMs, to, stepMs };
}
