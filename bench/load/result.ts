import { rateAt } from "./arrivals.ts";
import type { FailureKind } from "./exchange.ts";
import { type FlowCounts, secondHalf } from "./flow.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { GeneratorHealth } from "./messages.ts";
import type { LevelCounts } from "./levels.ts";
import type { LoadPlan } from "./plan.ts";
import type { StepCounts } from "./recorder.ts";

/** A second of the measurement, of all processes; by when answers ended. */
export interface Second {
  readonly second: number;
  readonly begun: number;
  readonly replied: number;
  readonly failed: number;
  readonly bad: number;
  /** Encoded LatencyHistogram, from the intended start. */
  readonly corrected: string;
}

export interface Problem {
  /** An error makes the exit code differ from 0; a warning says how far the figures can be believed. */
  readonly severity: "error" | "warning";
  readonly message: string;
}

export interface ThresholdOutcome {
  /** `p99Ms of place order ≤ 50`. */
  readonly text: string;
  readonly value: number;
  readonly held: boolean;
}

/** What a load run measured, as plain data. */
export interface LoadResult {
  readonly plan: LoadPlan;
  /** When the measurement began, milliseconds since the epoch. */
  readonly measuredAt: number;
  readonly warmup: { readonly ms: number; readonly settled: boolean; readonly replies: number };
  /** Of the measurement, which ends early when `maxRequests` are done or it was stopped. */
  readonly measuredMs: number;
  /** Of all steps together. */
  readonly total: StepCounts;
  readonly steps: readonly StepCounts[];
  readonly seconds: readonly Second[];
  readonly checks: readonly { readonly name: string; readonly passed: number; readonly failed: number }[];
  readonly generators: readonly GeneratorHealth[];
  /** Arrivals or turns that were due. */
  readonly due: number;
  readonly flow: FlowCounts;
  /** Of arrivals in steps or with a spike, each rate by itself. */
  readonly levels?: readonly LevelCounts[];
  /** Answers that ended while measuring, a second. */
  readonly perSecond: number;
  readonly failedShare: number;
  readonly details: readonly (readonly [FailureKind, string])[];
  readonly thresholds: readonly ThresholdOutcome[];
  readonly problems: readonly Problem[];
}

/** Requests of a step that got no answer. */
export function failures(step: StepCounts): number {
  return Object.values(step.failed).reduce((sum, count) => sum + count, 0);
}

/** Answers that ended while measuring, whenever they were asked for. */
export function answeredInTime({ flow }: Pick<LoadResult, "flow">): number {
  return flow.answered.reduce((sum, count) => sum + count, 0);
}

/** No answer or a status that was not expected, of all requests. 0 when there were none. */
export function failedShare(step: StepCounts): number {
  const without = failures(step);
  const all = step.replied + without;
  return all === 0 ? 0 : (step.bad + without) / all;
}

const minReachedShare = 0.97;
/** A handful that is over after the end is no sign of anything; of few it is one sooner. */
const slackOf = (owed: number) => Math.min(10, 1 + owed / 10);

/**
 * Whether the target kept up with the arrivals of an open loop: once it takes no longer and longer, as many are over as
 * arrive (flow balance; Denning & Buzen: "The Operational Analysis of Queueing Network Models", 1978), however long each
 * takes. So the first half of the run does not count, in which the target fills; without a warm-up, what takes longer than
 * half the run is told as not kept up with. True of a run that ended too soon to say.
 */
export function rateReached(load: RateFigures): boolean {
  const { over, owed } = balanceOf(load);
  return owed !== undefined && over >= minReachedShare * owed - slackOf(owed);
}

/** What was over of what should have been: 1 for a target that keeps up, 0 for one that answers nothing. */
export function reachedShare(load: RateFigures): number {
  const { over, owed } = balanceOf(load);
  return owed === undefined ? 0 : owed === 0 ? 1 : Math.min(1, over / owed);
}

type RateFigures = Pick<LoadResult, "plan" | "flow" | "measuredMs" | "total" | "due">;

/** Of the second half of the run. `owed` is undefined where nothing was due or answered. */
function balanceOf(load: RateFigures): { readonly over: number; readonly owed: number | undefined } {
  const { plan, flow, measuredMs, total } = load;
  if (load.due === 0 || total.replied === 0) return { over: 0, owed: undefined };
  const { due, over, fromMs } = secondHalf(flow, measuredMs);
  // Each subscription gets every event.
  const each = plan.bus?.subscriptions ?? 1;
  const owed = due * each;
  // Of a rate that rises more are under way at the end than before: what it rises by, times the latency (Little's law).
  const rise =
    plan.loop.kind === "open"
      ? rateAt(plan.loop.arrivals, measuredMs - 1) - rateAt(plan.loop.arrivals, fromMs)
      : 0;
  const latencyMs = LatencyHistogram.decode(total.uncorrected).percentileMs(50);
  const underWay = (Math.max(0, rise) / 1000) * latencyMs * each;
  return { over, owed: Math.max(0, owed - underWay) };
}

/**
 * The seconds worth a point in a curve. What is left after the last whole second is a moment with few answers, which
 * would look like a breakdown; when answers come in later still, they are shown.
 */
export function shownSeconds(load: LoadResult): readonly Second[] {
  const whole = Math.max(1, Math.round(load.measuredMs / 1000));
  return load.seconds.length > whole + 1 ? load.seconds : load.seconds.slice(0, whole);
}
