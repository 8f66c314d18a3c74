import { type Random, seededRandom } from "../../runtime/clock.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import { failures, type LoadResult } from "../load/result.ts";
import { type Interval, pairedRatio } from "../paired/interval.ts";
import type { BoundKey, Check } from "./file.ts";

/** A round: the same load on the target and on the bare server, one right after the other. */
export interface CheckRound {
  readonly target: LoadResult;
  readonly calibration: LoadResult;
}

/** Of the target against the calibration; of `failedShare` the share itself. */
export interface BoundOutcome {
  readonly check: string;
  readonly key: BoundKey;
  readonly bound: { readonly atLeast?: number; readonly atMost?: number };
  readonly found: Interval;
  /** `unsure`: beyond the bound, but not with all of its interval. Only a `regression` fails. */
  readonly verdict: "held" | "unsure" | "regression";
}

const percentiles = { p50Ms: 50, p90Ms: 90, p99Ms: 99 } as const;

export function judge(
  { name, bounds }: Check,
  rounds: readonly CheckRound[],
  random: Random = seededRandom(1),
): BoundOutcome[] {
  return (Object.keys(bounds) as BoundKey[]).flatMap((key): BoundOutcome[] => {
    const bound = bounds[key];
    if (bound === undefined) return [];
    const found = key === "failedShare" ? shareOf(rounds) : pairedRatio(pairsOf(key, rounds), random);
    const verdict = isSilent(key, rounds) ? "regression" : verdictOf(bound, found);
    return [{ check: name, key, bound, found, verdict }];
  });
}

function verdictOf(bound: BoundOutcome["bound"], { mean, low, high }: Interval): BoundOutcome["verdict"] {
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bound;
  // A target that answers nothing has no ratio at all, and that is the worst of regressions.
  if (Number.isNaN(mean)) return "regression";
  if (high < atLeast || low > atMost) return "regression";
  return mean < atLeast || mean > atMost ? "unsure" : "held";
}

/** A round in which the target alone answered nothing has no ratio, and is no reason to look at the others only. */
function isSilent(key: BoundKey, rounds: readonly CheckRound[]): boolean {
  return (
    key !== "failedShare" &&
    rounds.some(({ target, calibration }) => target.total.replied === 0 && calibration.total.replied > 0)
  );
}

function pairsOf(key: Exclude<BoundKey, "failedShare">, rounds: readonly CheckRound[]): [number, number][] {
  return rounds.map(({ calibration, target }) => [figure(calibration, key), figure(target, key)]);
}

function figure(load: LoadResult, key: Exclude<BoundKey, "failedShare">): number {
  if (key === "perSecond") return load.perSecond;
  return LatencyHistogram.decode(load.total.corrected).percentileMs(percentiles[key]);
}

/** Wilson's interval of a share (1927), at 95 %: it stays within 0 and 1 when nothing or everything failed. */
function shareOf(rounds: readonly CheckRound[]): Interval {
  let [failed, all] = [0, 0];
  for (const { target } of rounds) {
    const without = failures(target.total);
    failed += without + target.total.bad;
    all += without + target.total.replied;
  }
  const z = 1.96;
  const share = failed / all;
  const middle = (share + z ** 2 / (2 * all)) / (1 + z ** 2 / all);
  const half = (z / (1 + z ** 2 / all)) * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2));
  // Rounding may leave a hair above nothing when nothing failed.
  return { mean: share, low: failed === 0 ? 0 : middle - half, high: middle + half, pairs: rounds.length };
}
