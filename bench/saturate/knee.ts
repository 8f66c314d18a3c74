import type { Trial } from "./trials.ts";

/** One rate of the curve of latency over throughput: all its trials together. */
export interface CurvePoint {
  readonly rate: number;
  readonly perSecond: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failedShare: number;
  readonly trials: number;
}

/** By rate, rising; of several trials of one rate the median of each figure. Trials without answers are left out. */
export function curveOf(trials: readonly Trial[]): CurvePoint[] {
  const answered = trials.filter(({ perSecond, meanMs }) => perSecond > 0 && Number.isFinite(meanMs));
  return [...Map.groupBy(answered, ({ rate }) => rate)]
    .map(([rate, own]) => {
      const median = (of: (trial: Trial) => number) => {
        const sorted = own.map(of).sort((a, b) => a - b);
        return sorted[sorted.length >> 1]!;
      };
      return {
        rate,
        perSecond: median((trial) => trial.perSecond),
        meanMs: median((trial) => trial.meanMs),
        p50Ms: median((trial) => trial.p50Ms),
        p99Ms: median((trial) => trial.p99Ms),
        failedShare: median((trial) => trial.failedShare),
        trials: own.length,
      };
    })
    .sort((a, b) => a.rate - b.rate);
}

/**
 * The knee: where throughput over mean latency, the "power" of a system, is the greatest (Kleinrock: "Power and
 * deterministic rules of thumb for probabilistic problems in computer communications", ICC 1979). Beyond it more
 * throughput is bought with more than as much latency. Undefined with fewer than three points.
 */
export function kneeOf(curve: readonly CurvePoint[]): CurvePoint | undefined {
  if (curve.length < 3) return undefined;
  const power = ({ perSecond, meanMs }: CurvePoint) => perSecond / meanMs;
  return curve.reduce((best, point) => (power(point) > power(best) ? point : best));
}
