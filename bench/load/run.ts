import { join } from "node:path";
import type { Subprocess } from "bun";
import { Drain } from "../bus-load/drain.ts";
import { seededRandom } from "../../runtime/clock.ts";
import { arrivalTimes, expectedArrivals } from "./arrivals.ts";
import type { FailureKind } from "./exchange.ts";
import { Flow, sumFlows } from "./flow.ts";
import { sumLevels } from "./levels.ts";
import type { FromGenerator, GeneratorResult, ToGenerator } from "./messages.ts";
import { PartialSecond } from "./partial-second.ts";
import type { LoadPlan } from "./plan.ts";
import { mergeSteps, sumSteps } from "./recorder.ts";
import { answeredInTime, failedShare, failures, type LoadResult, type Second } from "./result.ts";
import { loadScenario } from "./scenarios.ts";
import { SteadyState } from "./steady.ts";
import { checkThresholds, findProblems, type Measured } from "./verdict.ts";

const readyTimeoutMs = 60_000;
/** Start and measurement are told this much ahead, so that all processes hear of them in time. */
const leadMs = 150;
/** Of more than this it is enough to know about how many there should be. */
const countedArrivals = 1_000_000;
/** A target that has answered nothing but failed this long is not measured further. */
const hopelessMs = 2_000;

export interface RunHooks {
  /** After each second of the measurement. */
  readonly second?: (second: Second, of: number) => void;
  readonly warmingUp?: (elapsedMs: number) => void;
  /** At the first and at the last moment that is measured; answers may come in after that. */
  readonly begins?: () => void;
  readonly ends?: () => void;
  /** Ends the run early; what was measured is reported. */
  readonly signal?: AbortSignal;
}

/** Runs a plan in processes of its own. Rejects when the generators cannot start; a bad target is in the result. */
export async function runLoad(plan: LoadPlan, hooks: RunHooks = {}): Promise<LoadResult> {
  const scenario = plan.scenarioFile === undefined ? undefined : await loadScenario(plan.scenarioFile);
  const run = new Run(plan, hooks);
  try {
    await run.start();
    const warmup = await run.warmUp();
    await run.measure();
    const measured = run.measured(warmup);
    const thresholds = checkThresholds(measured, scenario?.thresholds);
    const { brokenTurns: _, firstBroken: __, expectedDue: ___, interrupted: ____, ...figures } = measured;
    return { ...figures, thresholds, problems: findProblems(measured, thresholds) };
  } finally {
    await run.stop();
  }
}

/** The result of a run that could not begin: nothing but what was asked for, and why not. */
export function unmeasured(plan: LoadPlan, why: string): LoadResult {
  return {
    plan,
    measuredAt: Date.now(),
    warmup: { ms: 0, settled: false, replies: 0 },
    measuredMs: 0,
    total: sumSteps("all", []),
    ...{ steps: [], seconds: [], checks: [], generators: [], details: [], thresholds: [] },
    due: 0,
    flow: new Flow().counts(),
    perSecond: 0,
    failedShare: 0,
    problems: [{ severity: "error", message: `nothing was measured: ${why}` }],
  };
}

class Run {
  readonly #plan: LoadPlan;
  readonly #hooks: RunHooks;
  readonly #processes: GeneratorProcess[] = [];
  readonly #steady = new SteadyState();
  readonly #seconds: PartialSecond[] = [];
  readonly #drain: Drain;
  #hopeless = false;
  #measuredAt = 0;

  constructor(plan: LoadPlan, hooks: RunHooks) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#drain = new Drain(plan.processes);
  }

  async start(): Promise<void> {
    for (let index = 0; index < this.#plan.processes; index++) {
      const process = new GeneratorProcess((message) => this.#hear(message, index));
      this.#processes.push(process);
      process.send({ kind: "plan", plan: this.#plan, index });
    }
    await Promise.all(this.#processes.map((process) => process.ready));
  }

  async warmUp(): Promise<LoadResult["warmup"]> {
    const { warmup, maxWarmupMs, loop } = this.#plan;
    const began = Date.now() + leadMs;
    this.#tell({ kind: "start", atMs: began });
    // A trace has its own beginning, and what is not there yet cannot settle.
    const replayed = loop.kind === "open" && loop.arrivals.kind === "trace";
    const longestMs = replayed ? 0 : warmup === "auto" ? maxWarmupMs : warmup;
    const elapsed = () => Math.max(0, Date.now() - began);
    const over = () => {
      if (elapsed() >= longestMs || this.#hooks.signal?.aborted) return true;
      if (elapsed() > hopelessMs && this.#steady.replies === 0 && this.#failures() > 0) {
        this.#hopeless = true;
        return true;
      }
      return warmup === "auto" && this.#steady.settled;
    };
    while (!over()) {
      await Bun.sleep(50);
      this.#hooks.warmingUp?.(elapsed());
      this.#collectWarmup();
    }
    return { ms: elapsed(), settled: this.#steady.settled, replies: this.#steady.replies };
  }

  async measure(): Promise<void> {
    this.#measuredAt = Date.now() + leadMs;
    this.#tell({ kind: "measure", fromMs: this.#measuredAt });
    const stop = () => {
      this.#tell({ kind: "stop" });
      this.#tell({ kind: "drained" });
    };
    this.#hooks.signal?.addEventListener("abort", stop, { once: true });
    if (this.#hooks.signal?.aborted) stop();
    const hopeless = this.#hopeless ? setTimeout(stop, leadMs + 1000) : undefined;
    const ends = once(this.#hooks.ends);
    const begin = setTimeout(() => this.#hooks.begins?.(), leadMs);
    const end = setTimeout(ends, leadMs + this.#plan.durationMs);
    await Promise.all(this.#processes.map((process) => process.result));
    for (const timer of [hopeless, begin, end]) clearTimeout(timer);
    ends();
    this.#hooks.signal?.removeEventListener("abort", stop);
  }

  measured(warmup: LoadResult["warmup"]): Measured {
    const results = this.#processes.map((process) => process.finished!);
    // A step that a scenario took in its setup alone has nothing to show.
    const steps = mergeSteps(results.flatMap((result) => result.steps)).filter(
      (step) => step.replied + failures(step) > 0,
    );
    const total = sumSteps(
      "all",
      steps.filter(({ aside }) => aside !== true),
    );
    const measuredMs = Math.max(...results.map((result) => result.measuredMs));
    const flow = sumFlows(results.map((result) => result.flow));
    const levels = sumLevels(results.map((result) => result.levels));
    const answered = answeredInTime({ flow });
    return {
      plan: this.#plan,
      measuredAt: this.#measuredAt,
      warmup,
      measuredMs,
      total,
      steps,
      seconds: this.#seconds.map((second, number) => second.finish(number)),
      checks: mergeChecks(results),
      generators: results.map((result) => result.health),
      due: results.reduce((sum, result) => sum + result.health.due, 0),
      flow,
      ...(levels.length === 0 ? {} : { levels }),
      perSecond: measuredMs === 0 ? 0 : (answered / measuredMs) * 1000,
      failedShare: failedShare(total),
      details: [...new Map(results.flatMap((result) => result.details))] as [FailureKind, string][],
      brokenTurns: results.reduce((sum, result) => sum + result.brokenTurns, 0),
      firstBroken: results.find((result) => result.firstBroken !== undefined)?.firstBroken,
      expectedDue: this.#expectedDue(measuredMs),
      interrupted: this.#hooks.signal?.aborted === true,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  #expectedDue(measuredMs: number): number | undefined {
    const { loop, seed, maxRequests } = this.#plan;
    if (loop.kind === "closed") return undefined;
    const about = expectedArrivals(loop.arrivals, measuredMs);
    if (about > countedArrivals) return Math.min(about, maxRequests ?? about);
    let due = 0;
    for (const time of arrivalTimes(loop.arrivals, seededRandom(seed))) {
      if (time >= measuredMs || due === maxRequests) break;
      due++;
    }
    return due;
  }

  #tell(message: ToGenerator): void {
    for (const process of this.#processes) process.send(message);
  }

  #failures(): number {
    return this.#processes.reduce((sum, process) => sum + process.failures, 0);
  }

  /** A twentieth of a second counts once every process has told of it. */
  #collectWarmup(): void {
    while (this.#processes.every((process) => process.warmup.length > 0)) {
      const parts = this.#processes.map((process) => process.warmup.shift()!);
      const count = parts.reduce((sum, part) => sum + part.count, 0);
      const sumMs = parts.reduce((sum, part) => sum + part.count * part.meanMs, 0);
      this.#steady.add(count, count === 0 ? 0 : sumMs / count);
    }
  }

  #hear(message: FromGenerator, index: number): void {
    if (message.kind === "deliveries" && this.#drain.isOver(index, message, performance.now())) {
      this.#tell({ kind: "drained" });
    }
    if (message.kind !== "interval") return;
    const { second: number } = message.counts;
    while (this.#seconds.length <= number) this.#seconds.push(new PartialSecond());
    const second = this.#seconds[number]!;
    second.add(message.counts);
    if (second.parts === this.#plan.processes) {
      this.#hooks.second?.(second.finish(number), Math.ceil(this.#plan.durationMs / 1000));
    }
  }
}

function once(call: (() => void) | undefined): () => void {
  let done = false;
  return () => {
    if (!done) call?.();
    done = true;
  };
}

function mergeChecks(results: readonly GeneratorResult[]): LoadResult["checks"] {
  const byName = Map.groupBy(
    results.flatMap((result) => result.checks),
    (check) => check.name,
  );
  return [...byName].map(([name, checks]) => ({
    name,
    passed: checks.reduce((sum, check) => sum + check.passed, 0),
    failed: checks.reduce((sum, check) => sum + check.failed, 0),
  }));
}

class GeneratorProcess {
  readonly warmup: { count: number; meanMs: number }[] = [];
  failures = 0;
  finished: GeneratorResult | undefined;
  readonly #child: Subprocess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #result = Promise.withResolvers<void>();

  constructor(hear: (message: FromGenerator) => void) {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "process.ts")], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      ipc: (message: FromGenerator) => {
        this.#take(message);
        hear(message);
      },
    });
    // Nobody may be waiting yet, or any more, when it ends.
    this.#ready.promise.catch(() => undefined);
    this.#result.promise.catch(() => undefined);
    void this.#child.exited.then((code) => this.#fail(`a generator process ended with code ${code}`));
  }

  get ready(): Promise<void> {
    const timer = setTimeout(() => this.#fail(`not ready within ${readyTimeoutMs} ms`), readyTimeoutMs);
    return this.#ready.promise.finally(() => clearTimeout(timer));
  }

  get result(): Promise<void> {
    return this.#result.promise;
  }

  send(message: ToGenerator): void {
    this.#child.send(message);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  #take(message: FromGenerator): void {
    if (message.kind === "ready") this.#ready.resolve();
    else if (message.kind === "broken") this.#fail(message.message);
    else if (message.kind === "warmup") {
      this.warmup.push(message);
      this.failures = message.failed;
    } else if (message.kind === "result") {
      this.finished = message.result;
      this.#result.resolve();
    }
  }

  #fail(message: string): void {
    const error = new Error(message);
    this.#ready.reject(error);
    this.#result.reject(error);
  }
}
