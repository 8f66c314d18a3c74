import { quietMs } from "../bus-load/drain.ts";
import { rateAt } from "./arrivals.ts";
import { LatencyHistogram } from "./histogram.ts";
import {
  failedShare,
  failures,
  type LoadResult,
  type Problem,
  rateReached,
  type ThresholdOutcome,
} from "./result.ts";
import type { Threshold } from "./scenario.ts";

/** More of the sends late, and the generator has measured itself. */
const maxLateShare = 0.01;
const maxBusyShare = 0.9;
/** A generator that was ready to run and had no core for more of the time is late because of that. */
const muchWaitedShare = 0.02;
/** A generator that begins fewer than this share of what was due has not made its rate. */
const minBegunShare = 0.97;
/** Without a threshold of its own, a run holds up to this share of failed requests. */
const defaultThresholds: readonly Threshold[] = [{ metric: "failedShare", max: 0.01 }];

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;

export type Measured = Omit<LoadResult, "thresholds" | "problems"> & {
  readonly brokenTurns: number;
  readonly firstBroken: string | undefined;
  /** Arrivals that the plan asks for within the time measured; undefined in a closed loop. */
  readonly expectedDue: number | undefined;
  /** Somebody ended it before its time. */
  readonly interrupted: boolean;
};

export function checkThresholds(
  measured: Measured,
  own: readonly Threshold[] | undefined,
): ThresholdOutcome[] {
  const thresholds = [...(own ?? [])];
  if (!thresholds.some((threshold) => threshold.metric === "failedShare" && threshold.step === undefined)) {
    thresholds.push(...defaultThresholds);
  }
  return thresholds.map((threshold) => {
    const value = figureOf(measured, threshold);
    const bounds: string[] = [];
    if (threshold.max !== undefined) bounds.push(`≤ ${threshold.max}`);
    if (threshold.min !== undefined) bounds.push(`≥ ${threshold.min}`);
    const of = threshold.step === undefined ? "" : ` of ${threshold.step}`;
    // NaN holds no bound: a step that never ran has no p99.
    const held =
      value <= (threshold.max ?? Number.POSITIVE_INFINITY) &&
      value >= (threshold.min ?? Number.NEGATIVE_INFINITY);
    return { text: `${threshold.metric}${of} ${bounds.join(" and ")}`, value, held };
  });
}

const percentiles = { p50Ms: 50, p90Ms: 90, p99Ms: 99, p999Ms: 99.9, maxMs: 100 } as const;

function figureOf(measured: Measured, { metric, step: name }: Threshold): number {
  const step = name === undefined ? measured.total : measured.steps.find((other) => other.name === name);
  if (step === undefined) return Number.NaN;
  switch (metric) {
    case "failedShare":
      return failedShare(step);
    case "checkedShare": {
      const passed = measured.checks.reduce((sum, check) => sum + check.passed, 0);
      const failed = measured.checks.reduce((sum, check) => sum + check.failed, 0);
      return passed / (passed + failed);
    }
    case "perSecond":
      // Both are of what came out while measuring, so that a queue that is only emptied after the end is no throughput.
      return name === undefined ? measured.perSecond : (step.inTime / measured.measuredMs) * 1000;
    default:
      return LatencyHistogram.decode(step.corrected).percentileMs(percentiles[metric]);
  }
}

/** What a reader has to know before believing the figures, gravest first. */
export function findProblems(measured: Measured, thresholds: readonly ThresholdOutcome[]): Problem[] {
  const problems: Problem[] = [];
  const error = (message: string) => problems.push({ severity: "error", message });
  const warning = (message: string) => problems.push({ severity: "warning", message });
  const told = measured.details.map(([kind, detail]) => `${kind}: ${detail}`).join("; ");

  if (measured.interrupted) {
    const seconds = (ms: number) => Number((ms / 1000).toFixed(1));
    warning(`interrupted after ${seconds(measured.measuredMs)} of ${seconds(measured.plan.durationMs)} s`);
  }
  if (measured.interrupted && measured.due === 0) {
    error("nothing was measured: the run was interrupted before the first request that counts");
  } else if (measured.total.replied === 0 && failures(measured.total) === 0 && measured.due === 0) {
    error("no request was due in the time that was measured: raise the rate or the duration");
  } else if (measured.total.replied === 0) {
    error(`${measured.plan.url} answered nothing${told === "" ? "" : ` (${told})`}`);
  } else if (failures(measured.total) > 0) {
    warning(
      `${failures(measured.total)} requests got no answer (${told}); only those that waited for their whole timeout are in the percentiles`,
    );
  }
  if (measured.brokenTurns > 0)
    error(`${measured.brokenTurns} turns of the scenario threw; the first: ${measured.firstBroken}`);
  judgeDeliveries(measured, error);
  const generatorBehind = judgeGenerator(measured, warning);
  judgeRate(measured, generatorBehind, error);
  judgeConnections(measured, warning);
  if (
    measured.total.replied > 0 &&
    !measured.warmup.settled &&
    measured.plan.warmup === "auto" &&
    measured.warmup.ms > 0
  ) {
    warning(`no steady state within ${measured.warmup.ms / 1000} s of warm-up; measured all the same`);
  }
  for (const { text, value, held } of thresholds) {
    if (!held && measured.total.replied > 0)
      error(`threshold broken: ${text}, was ${Number(value.toPrecision(4))}`);
  }
  return problems.sort((a, b) => a.severity.localeCompare(b.severity));
}

/** What a broker has acknowledged, it owes to each subscription. */
function judgeDeliveries(measured: Measured, error: (message: string) => void): void {
  const { plan, steps, total, interrupted } = measured;
  if (plan.bus === undefined) return;
  const acknowledged = steps
    .filter(({ aside }) => aside === true)
    .reduce((sum, step) => sum + step.replied, 0);
  const missing = acknowledged * plan.bus.subscriptions - total.replied;
  const until = interrupted ? "it was interrupted" : `none had come for ${quietMs / 1000} s`;
  if (missing > 0) error(`${missing} events were acknowledged and not delivered by when ${until}`);
}

function judgeGenerator(measured: Measured, warning: (message: string) => void): boolean {
  const due = measured.generators.reduce((sum, health) => sum + health.due, 0);
  const late = measured.generators.reduce((sum, health) => sum + health.late, 0);
  const busiest = Math.max(0, ...measured.generators.map((health) => health.busyShare));
  const advice = "the figures may be the generator's own; lower the rate or raise --processes";
  if (late > maxLateShare * due) {
    const lateness = `${percent(late / due)} of the sends were more than ${measured.plan.lateMs} ms late`;
    const waited = Math.max(0, ...measured.generators.map((health) => health.waitedShare ?? 0));
    warning(
      waited > muchWaitedShare
        ? `${lateness}, and a generator waited ${percent(waited)} of the time for a core: the machine is full, and the figures are its own as well`
        : `${lateness}: ${advice}`,
    );
    return true;
  }
  if (busiest > maxBusyShare) {
    warning(`a generator process was busy ${percent(busiest)} of the time: ${advice}`);
    return true;
  }
  return false;
}

/** What waits for a free connection is part of the corrected latency; who reads it should know. */
function judgeConnections({ plan, generators, due }: Measured, warning: (message: string) => void): void {
  if (plan.bus !== undefined || plan.loop.kind === "closed") return;
  const waited = generators.reduce((sum, { sentLate = 0, late }) => sum + Math.max(0, sentLate - late), 0);
  const late = generators.reduce((sum, health) => sum + health.late, 0);
  // What a generator sends late goes out in a burst, and some of that finds no connection free.
  if (waited > Math.max(maxLateShare * due, late)) {
    warning(
      `${percent(waited / due)} of the requests waited more than ${plan.lateMs} ms for one of ${plan.connections} connections: the target is slow, or they are too few (--connections)`,
    );
  }
}

function judgeRate(measured: Measured, generatorBehind: boolean, error: (message: string) => void): void {
  const { plan, expectedDue } = measured;
  if (plan.loop.kind !== "open" || expectedDue === undefined) return;
  const seconds = measured.measuredMs / 1000;
  const per = (count: number) => Math.round(count / seconds).toLocaleString("en");
  const asked =
    plan.loop.arrivals.kind === "constant" || plan.loop.arrivals.kind === "poisson"
      ? `${rateAt(plan.loop.arrivals, 0).toLocaleString("en")} a second`
      : `${per(expectedDue)} a second on average`;
  if (measured.due < minBegunShare * expectedDue) {
    error(`the rate of ${asked} was not reached: the generator could begin ${per(measured.due)} a second`);
    return;
  }
  if (measured.total.replied > 0 && !rateReached(measured)) {
    const whose = generatorBehind ? "generator and target together" : "the target";
    error(
      `the rate of ${asked} was not reached: ${whose} made ${Math.round(measured.perSecond).toLocaleString("en")} answers a second`,
    );
  }
}
