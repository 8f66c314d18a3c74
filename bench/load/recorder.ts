import { type FailureKind, failureKinds, type Timed } from "./exchange.ts";
import { Flow } from "./flow.ts";
import { LatencyHistogram } from "./histogram.ts";
import { Levels } from "./levels.ts";
import type { LoadPlan } from "./plan.ts";

/** What one kind of request of a run came to; plain data, so that it travels between processes. */
export interface StepCounts {
  readonly name: string;
  readonly replied: number;
  /** Of these, what came while measuring: an answer after the end is no throughput. */
  readonly inTime: number;
  /** Replies whose status was not the expected one. */
  readonly bad: number;
  readonly failed: Readonly<Record<FailureKind, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly bodyBytes: number;
  /** Shown by itself, and part of no total: what happens on the way to something that is counted. */
  readonly aside?: true;
  /** When the first and the last request without a good answer ended, milliseconds since the measurement began. */
  readonly failing?: { readonly fromMs: number; readonly untilMs: number };
  /** Encoded LatencyHistogram: from the intended start to the end of the answer. */
  readonly corrected: string;
  /** From the actual send. */
  readonly uncorrected: string;
}

/** What ended in one stretch of time of one process. */
export interface IntervalCounts {
  /** Number of the second since the measurement began. */
  readonly second: number;
  readonly replied: number;
  readonly failed: number;
  readonly bad: number;
  /** Arrivals of this second that were begun. */
  readonly begun: number;
  readonly corrected: string;
}

const emptyFailures = (): Record<FailureKind, number> => ({
  refused: 0,
  reset: 0,
  timeout: 0,
  garbage: 0,
  unsent: 0,
});

class Step {
  readonly name: string;
  readonly corrected = new LatencyHistogram();
  readonly uncorrected = new LatencyHistogram();
  readonly failed = emptyFailures();
  /** By status; an array because it is counted up for each reply. */
  readonly statuses = new Int32Array(600);
  bad = 0;
  inTime = 0;
  bodyBytes = 0;
  failing: { fromMs: number; untilMs: number } | undefined;
  readonly aside: boolean;

  constructor(name: string, aside: boolean) {
    this.name = name;
    this.aside = aside;
  }

  took({ intendedMs, sentMs, endedMs, reply }: Timed): void {
    this.corrected.recordMs(endedMs - intendedMs);
    this.uncorrected.recordMs(endedMs - sentMs);
    this.statuses[reply.status]!++;
    this.bodyBytes += reply.bodyBytes;
  }

  fails(atMs: number): void {
    this.failing ??= { fromMs: atMs, untilMs: atMs };
    this.failing.untilMs = Math.max(this.failing.untilMs, atMs);
  }

  counts(): StepCounts {
    const statuses: Record<string, number> = {};
    let replied = 0;
    for (const [status, count] of this.statuses.entries()) {
      if (count > 0) statuses[status] = count;
      replied += count;
    }
    return {
      name: this.name,
      replied,
      inTime: this.inTime,
      bad: this.bad,
      failed: { ...this.failed },
      statuses,
      bodyBytes: this.bodyBytes,
      ...(this.aside ? { aside: true } : {}),
      ...(this.failing === undefined ? {} : { failing: { ...this.failing } }),
      corrected: this.corrected.encode(),
      uncorrected: this.uncorrected.encode(),
    };
  }
}

export type { Step };

/**
 * Counts what one process sees. A request belongs to the measurement by its intended start alone, so that neither slow
 * answers nor late sends move it out; each second's figures go by when the answer ended.
 */
export class Recorder {
  /** performance.now() of the first and the end of the last intended start that count. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.POSITIVE_INFINITY;
  /** What ends later is not in time: the end of the measurement, or when it was stopped. */
  #closedMs = Number.POSITIVE_INFINITY;
  readonly flow = new Flow();
  readonly levels = new Levels();
  /** Requests sent more than `lateMs` after they were due, for whatever reason. */
  sentLate = 0;
  #timeoutMs = Number.POSITIVE_INFINITY;
  #lateMs = Number.POSITIVE_INFINITY;
  /** Details of failures, the first of each kind. */
  readonly details = new Map<FailureKind, string>();
  /** Of warm-up and measurement together. */
  failures = 0;
  brokenTurns = 0;
  firstBroken: string | undefined;
  readonly #steps = new Map<string, Step>();
  readonly #checks = new Map<string, { passed: number; failed: number }>();
  readonly #interval = new LatencyHistogram();
  #replied = 0;
  #failed = 0;
  #bad = 0;
  #begun = 0;
  #warmupCount = 0;
  #warmupSumMs = 0;

  step(name: string, aside = false): Step {
    let step = this.#steps.get(name);
    if (step === undefined) {
      step = new Step(name, aside);
      this.#steps.set(name, step);
    }
    return step;
  }

  measure(fromMs: number, plan: LoadPlan): void {
    this.fromMs = fromMs;
    this.toMs = fromMs + plan.durationMs;
    this.#closedMs = this.toMs;
    this.#timeoutMs = plan.timeoutMs;
    this.#lateMs = plan.lateMs;
    this.flow.begin(fromMs, plan.durationMs);
    this.levels.begin(fromMs, plan);
  }

  /** The measurement ended before its time. */
  close(atMs: number): void {
    this.#closedMs = Math.min(this.#closedMs, atMs);
  }

  begun(dueMs: number): void {
    this.#begun++;
    this.flow.due(dueMs);
    this.levels.begun(dueMs);
  }

  replied(step: Step, exchange: Timed, isBad: boolean): void {
    const { intendedMs, endedMs } = exchange;
    const corrected = endedMs - intendedMs;
    if (step.aside) {
      if (intendedMs >= this.fromMs && intendedMs < this.toMs) this.#took(step, exchange);
      return;
    }
    // Of the measured time, if not to a request of it: throughput is what comes out.
    this.flow.answered(endedMs);
    if (!(intendedMs >= this.fromMs)) {
      this.#warmupCount++;
      this.#warmupSumMs += corrected;
      if (endedMs >= this.fromMs) this.#replied++;
      return;
    }
    if (endedMs >= this.fromMs) {
      this.#replied++;
      if (isBad) this.#bad++;
      this.#interval.recordMs(corrected);
    }
    if (intendedMs >= this.toMs) return;
    if (exchange.sentMs - intendedMs > this.#lateMs) this.sentLate++;
    this.#took(step, exchange);
    this.levels.replied(intendedMs, corrected, isBad);
    if (isBad) {
      step.bad++;
      step.fails(endedMs - this.fromMs);
    }
  }

  #took(step: Step, exchange: Timed): void {
    step.took(exchange);
    if (exchange.endedMs < this.#closedMs) step.inTime++;
  }

  /** What an arrival began is over, for good or bad. */
  turnOver(atMs: number): void {
    this.flow.over(atMs);
  }

  /**
   * A request that waited for as long as its timeout has at least taken that time, and counts with it, whether it was sent
   * or not; others have no latency.
   */
  failed(step: Step, kind: FailureKind, detail: string, exchange: Timed): void {
    const { intendedMs, sentMs, endedMs } = exchange;
    this.failures++;
    if (!this.details.has(kind)) this.details.set(kind, detail);
    if (!(intendedMs >= this.fromMs)) return;
    this.#failed++;
    const waitedMs = endedMs - intendedMs;
    const waitedLong = kind === "timeout" || (kind === "unsent" && waitedMs >= this.#timeoutMs);
    if (waitedLong) this.#interval.recordMs(waitedMs);
    if (intendedMs >= this.toMs) return;
    step.failed[kind]++;
    this.levels.failed(intendedMs, waitedLong ? waitedMs : undefined);
    step.fails(endedMs - this.fromMs);
    if (waitedLong) step.corrected.recordMs(waitedMs);
    if (kind === "timeout" && sentMs >= 0) step.uncorrected.recordMs(endedMs - sentMs);
  }

  /** An arrival whose turn could not begin. It counts as one request that was not sent. */
  turnRefused(intendedMs: number, detail: string): void {
    if (!this.details.has("unsent")) this.details.set("unsent", detail);
    if (!(intendedMs >= this.fromMs)) return;
    this.#failed++;
    if (intendedMs >= this.toMs) return;
    this.step("(not begun)").failed.unsent++;
    this.levels.failed(intendedMs, undefined);
  }

  /** A scenario threw something else than a failed request. */
  turnBroken(flow: string, error: Error): void {
    this.brokenTurns++;
    this.firstBroken ??= `flow ${flow}: ${error.message}`;
  }

  check(name: string, passed: boolean): void {
    if (!this.measuring(performance.now())) return;
    let check = this.#checks.get(name);
    if (check === undefined) {
      check = { passed: 0, failed: 0 };
      this.#checks.set(name, check);
    }
    if (passed) check.passed++;
    else check.failed++;
  }

  measuring(nowMs: number): boolean {
    return nowMs >= this.fromMs;
  }

  /** Replies of the warm-up since the last call. */
  takeWarmup(): { readonly count: number; readonly meanMs: number } {
    const taken = {
      count: this.#warmupCount,
      meanMs: this.#warmupCount === 0 ? 0 : this.#warmupSumMs / this.#warmupCount,
    };
    this.#warmupCount = 0;
    this.#warmupSumMs = 0;
    return taken;
  }

  /** What ended since the last call. */
  takeInterval(second: number): IntervalCounts {
    const taken = {
      second,
      replied: this.#replied,
      failed: this.#failed,
      bad: this.#bad,
      begun: this.#begun,
      corrected: this.#interval.encode(),
    };
    this.#interval.reset();
    this.#replied = this.#failed = this.#bad = this.#begun = 0;
    return taken;
  }

  steps(): StepCounts[] {
    return [...this.#steps.values()].map((step) => step.counts());
  }

  checks(): { name: string; passed: number; failed: number }[] {
    return [...this.#checks].map(([name, counts]) => ({ name, ...counts }));
  }
}

/** Sums of the same step in several processes. */
export function mergeSteps(all: readonly StepCounts[]): StepCounts[] {
  const byName = Map.groupBy(all, (step) => step.name);
  return [...byName].map(([name, steps]) => sumSteps(name, steps));
}

export function sumSteps(name: string, steps: readonly StepCounts[]): StepCounts {
  const failed = emptyFailures();
  const statuses: Record<string, number> = {};
  const corrected = new LatencyHistogram();
  const uncorrected = new LatencyHistogram();
  let [replied, inTime, bad, bodyBytes] = [0, 0, 0, 0];
  for (const step of steps) {
    for (const kind of failureKinds) failed[kind] += step.failed[kind];
    for (const [status, count] of Object.entries(step.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
    replied += step.replied;
    inTime += step.inTime;
    bad += step.bad;
    bodyBytes += step.bodyBytes;
    corrected.merge(LatencyHistogram.decode(step.corrected));
    uncorrected.merge(LatencyHistogram.decode(step.uncorrected));
  }
  const failing = steps.flatMap((step) => (step.failing === undefined ? [] : [step.failing]));
  return {
    name,
    replied,
    inTime,
    bad,
    failed,
    statuses,
    bodyBytes,
    ...(steps.length > 0 && steps.every(({ aside }) => aside === true) ? { aside: true } : {}),
    ...(failing.length === 0
      ? {}
      : {
          failing: {
            fromMs: Math.min(...failing.map(({ fromMs }) => fromMs)),
            untilMs: Math.max(...failing.map(({ untilMs }) => untilMs)),
          },
        }),
    corrected: corrected.encode(),
    uncorrected: uncorrected.encode(),
  };
}
