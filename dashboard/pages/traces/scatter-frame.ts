import type { TraceSummary } from "../../../runtime/telemetry/query.ts";

type Dot = Pick<TraceSummary, "startMs" | "durationMs">;

/** What lies where: time from left to right, durations by their logarithm from below. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly shortestMs: number;
  readonly longestMs: number;
}

const insetPx = 6;
/** Below this no clock of the system tells durations apart. */
const leastMs = 0.01;

export function frameOf(
  traces: readonly Dot[],
  size: { readonly width: number; readonly height: number },
): Frame {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let shortestMs = Number.POSITIVE_INFINITY;
  let longestMs = leastMs;
  for (const { startMs, durationMs } of traces) {
    from = Math.min(from, startMs);
    to = Math.max(to, startMs);
    shortestMs = Math.min(shortestMs, Math.max(leastMs, durationMs));
    longestMs = Math.max(longestMs, durationMs);
  }
  if (traces.length === 0) return { ...size, from: 0, to: 0, shortestMs: leastMs, longestMs };
  return { ...size, from, to, shortestMs, longestMs };
}

export function placeOf({ startMs, durationMs }: Dot, frame: Frame): { x: number; y: number } {
  const { width, height, from, to, shortestMs, longestMs } = frame;
  const across = to > from ? (startMs - from) / (to - from) : 0.5;
  const span = Math.log(longestMs / shortestMs);
  const up = span > 0 ? Math.log(Math.max(leastMs, durationMs) / shortestMs) / span : 0.5;
  return {
    x: insetPx + across * (width - insetPx * 2),
    y: height - insetPx - up * (height - insetPx * 2),
  };
}

/** The dot closest to a point, within `reach` pixels. */
export function nearest<T extends Dot>(
  traces: readonly T[],
  frame: Frame,
  at: { readonly x: number; readonly y: number },
  reach: number,
): T | undefined {
  let best: T | undefined;
  let bestAway = reach;
  for (const trace of traces) {
    const { x, y } = placeOf(trace, frame);
    const away = Math.hypot(x - at.x, y - at.y);
    if (away < bestAway) [best, bestAway] = [trace, away];
  }
  return best;
}
