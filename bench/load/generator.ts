import { type Deliveries, maxDrainMs } from "../bus-load/drain.ts";
import { type Random, seededRandom } from "../../runtime/clock.ts";
import { type Arrivals, arrivalTimes, rateAt, shareOf } from "./arrivals.ts";
import { waitedForCoreMs } from "./core-wait.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { Line } from "./line.ts";
import type { GeneratorResult } from "./messages.ts";
import { Pacer } from "./pacer.ts";
import { type LoadPlan, part } from "./plan.ts";
import { type IntervalCounts, Recorder } from "./recorder.ts";
import type { Scenario } from "./scenario.ts";
import type { Starter, Workload } from "./workload.ts";
import { workloadOf } from "./workload-of.ts";

/** A client of a closed loop that got no answer waits this long, so that a target that refuses is not hammered. */
const failurePauseMs = 50;
/** What a generator that fell behind has not begun this long after the end is not begun any more. */
const startGraceMs = 500;
/** After the last request has ended or timed out, a scenario's turns may go on this long. */
const turnsGraceMs = 5_000;

export interface GeneratorOptions {
  readonly plan: LoadPlan;
  /** Of `plan.processes`. */
  readonly index: number;
  readonly scenario: Scenario | undefined;
}

/**
 * One process's share of a run: construct → prepare → start → measure → finished. Latency counts from the due time, so a
 * stall of the target shows in every request that was due during it, sent or not ("coordinated omission", Gil Tene).
 */
export class LoadGenerator {
  readonly recorder = new Recorder();
  readonly #plan: LoadPlan;
  readonly #index: number;
  readonly #line: Line;
  readonly #workload: Workload;
  readonly #random: Random;
  readonly #lateness = new LatencyHistogram();
  readonly #pacers: Pacer[] = [];
  readonly #clients: Client[] = [];
  readonly #maxBegun: number;
  #late = 0;
  #begun = 0;
  #stopped = false;
  #draining = false;
  #cpu = { atStart: process.cpuUsage(), share: 0, busyShare: 0, spunAtStartMs: 0 };
  #waitedAtStartMs: number | undefined;
  #waitedShare: number | undefined;

  constructor({ plan, index, scenario }: GeneratorOptions) {
    this.#plan = plan;
    this.#index = index;
    this.#random = seededRandom(plan.seed * 1009 + index);
    this.#maxBegun =
      plan.maxRequests === undefined
        ? Number.POSITIVE_INFINITY
        : part(plan.maxRequests, index, plan.processes);
    const { recorder } = this;
    const parts = workloadOf({ plan, index, scenario, recorder, random: this.#random });
    this.#line = parts.line;
    this.#workload = parts.workload;
  }

  async prepare(): Promise<void> {
    this.#line.start();
    await this.#workload.setup();
  }

  /** Begins the warm-up. `atMs` in performance.now(). */
  start(atMs: number): void {
    const { loop } = this.#plan;
    if (loop.kind === "closed") {
      const clients = part(loop.clients, this.#index, this.#plan.processes);
      for (let i = 0; i < clients; i++) {
        const client = new Client(this, this.#workload, loop.thinkMs, this.#random);
        this.#clients.push(client);
        setTimeout(() => client.begin(), Math.max(0, atMs - performance.now()));
      }
      return;
    }
    const rate = rateAt(loop.arrivals, 0);
    if (this.#plan.warmup === 0 || loop.arrivals.kind === "trace" || rate === 0) return;
    const kind = loop.arrivals.kind === "poisson" ? "poisson" : "constant";
    this.#pace({ kind, rate }, atMs, Number.POSITIVE_INFINITY, (due) => {
      if (due < this.recorder.fromMs) this.#workload.begin(due, undefined);
    });
  }

  /** What is due from `fromMs` on is the measurement; it may be a little ahead. */
  measure(fromMs: number): void {
    const toMs = fromMs + this.#plan.durationMs;
    this.recorder.measure(fromMs, this.#plan);
    const untilStartMs = Math.max(0, fromMs - performance.now());
    setTimeout(() => {
      this.#cpu.atStart = process.cpuUsage();
      this.#cpu.spunAtStartMs = this.#spunMs();
      this.#waitedAtStartMs = waitedForCoreMs();
      for (const pacer of this.#pacers.slice(0, -1)) pacer.stop();
    }, untilStartMs);
    setTimeout(() => this.#closeWindow(), untilStartMs + this.#plan.durationMs);
    const { loop } = this.#plan;
    if (loop.kind === "closed") return;
    this.#pace(loop.arrivals, fromMs, toMs, (due, now) => {
      // Nobody can say how many of these are left: the rate is not made, and the run has its end.
      if (this.#begun >= this.#maxBegun || now > toMs + startGraceMs) {
        this.stop();
        return;
      }
      this.#begun++;
      this.recorder.begun(due);
      this.#lateness.recordMs(now - due);
      if (now - due > this.#plan.lateMs) this.#late++;
      this.#workload.begin(due, undefined);
    });
  }

  /** Begins nothing new; what is under way ends by itself. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const pacer of this.#pacers) pacer.stop();
  }

  /** For its clients: whether another request may begin now, and counts it. */
  admit(nowMs: number): boolean {
    if (this.#stopped || nowMs >= this.recorder.toMs) return false;
    if (nowMs < this.recorder.fromMs) return true;
    if (this.#begun >= this.#maxBegun) return false;
    this.#begun++;
    this.recorder.begun(nowMs);
    return true;
  }

  /** Resolves when the time is over and everything that was begun has ended. Then closes every connection. */
  async finish(): Promise<GeneratorResult> {
    const over = () => this.#stopped || performance.now() >= this.recorder.toMs || this.#exhausted();
    while (!over()) await Bun.sleep(20);
    const { flow, fromMs, toMs } = this.recorder;
    const isEarly = performance.now() < toMs;
    // With a number of requests a run lasts until they are answered, not until they are sent.
    const byNumber = isEarly && this.#exhausted();
    if (isEarly && !byNumber) this.recorder.close(performance.now());
    const stopped = isEarly && !byNumber ? { endedMs: performance.now(), counts: flow.counts() } : undefined;
    this.#draining = true;
    const graceMs = this.#line.drained === undefined ? turnsGraceMs : maxDrainMs;
    const bound = performance.now() + 2 * this.#plan.timeoutMs + graceMs;
    while (this.#line.pending + this.#workload.active > 0 && performance.now() < bound) await Bun.sleep(20);
    this.stop();
    if (this.#cpu.share === 0) this.#closeWindow();
    const connections = this.#line.connections;
    this.#line.stop();
    // What a generator that fell behind began late was due all the same; what was over too late is in no part.
    const endedMs = stopped?.endedMs ?? (byNumber ? Math.max(fromMs, Math.min(flow.lastOverMs, toMs)) : toMs);
    return {
      ...this.#result(connections),
      flow: stopped?.counts ?? flow.counts(),
      measuredMs: Math.max(0, endedMs - fromMs),
    };
  }

  /** Once nothing new is begun. */
  get deliveries(): Deliveries | undefined {
    return this.#draining ? this.#line.deliveries : undefined;
  }

  drained(): void {
    this.#line.drained?.();
  }

  takeInterval(second: number): IntervalCounts {
    return this.recorder.takeInterval(second);
  }

  /** All that `maxRequests` allows has begun. */
  #exhausted(): boolean {
    return this.#begun >= this.#maxBegun;
  }

  #pace(arrivals: Arrivals, fromMs: number, toMs: number, launch: (due: number, now: number) => void): void {
    // Every process draws the same arrivals and takes its share, so that together they are one process exactly.
    const times = arrivalTimes(arrivals, seededRandom(this.#plan.seed));
    const pacer = new Pacer({
      due: dueTimes(shareOf(times, { index: this.#index, of: this.#plan.processes }), fromMs, toMs),
      launch,
      ended: () => undefined,
      activity: () => this.#line.activity,
    });
    this.#pacers.push(pacer);
    pacer.start();
  }

  #spunMs(): number {
    return this.#pacers.reduce((sum, pacer) => sum + pacer.spunForNothingMs, 0);
  }

  #closeWindow(): void {
    // Ended before it began.
    if (performance.now() <= this.recorder.fromMs) return;
    const { user, system } = process.cpuUsage(this.#cpu.atStart);
    // A loop that was blocked at the end closes it late, and has used its CPU until then.
    const wallMs = Math.max(1, performance.now() - this.recorder.fromMs);
    this.#cpu.share = (user + system) / 1000 / wallMs;
    const waitedMs = waitedForCoreMs();
    if (waitedMs !== undefined && this.#waitedAtStartMs !== undefined) {
      this.#waitedShare = (waitedMs - this.#waitedAtStartMs) / wallMs;
    }
    this.#cpu.busyShare = Math.max(0, this.#cpu.share - (this.#spunMs() - this.#cpu.spunAtStartMs) / wallMs);
  }

  #result(connections: number): Omit<GeneratorResult, "flow" | "measuredMs"> {
    const { recorder } = this;
    const figure = (percentile: number) =>
      this.#lateness.count === 0 ? 0 : this.#lateness.percentileMs(percentile);
    return {
      steps: recorder.steps(),
      checks: recorder.checks(),
      levels: recorder.levels.counts(),
      health: {
        due: this.#begun,
        late: this.#late,
        sentLate: recorder.sentLate,
        lateP50Ms: figure(50),
        lateP99Ms: figure(99),
        lateMaxMs: figure(100),
        cpuShare: this.#cpu.share,
        busyShare: this.#cpu.busyShare,
        ...(this.#waitedShare === undefined ? {} : { waitedShare: this.#waitedShare }),
        connections,
      },
      details: [...recorder.details],
      brokenTurns: recorder.brokenTurns,
      ...(recorder.firstBroken === undefined ? {} : { firstBroken: recorder.firstBroken }),
    };
  }
}

function* dueTimes(times: Iterable<number>, fromMs: number, toMs: number): Generator<number, void> {
  for (const time of times) {
    if (fromMs + time >= toMs) return;
    yield fromMs + time;
  }
}

/** A client of a closed loop: the next request begins when the last has ended and the think time is over. */
class Client implements Starter {
  readonly #owner: LoadGenerator;
  readonly #workload: Workload;
  readonly #thinkMs: number;
  readonly #random: Random;

  constructor(owner: LoadGenerator, workload: Workload, thinkMs: number, random: Random) {
    this.#owner = owner;
    this.#workload = workload;
    this.#thinkMs = thinkMs;
    this.#random = random;
  }

  readonly begin = (): void => {
    const now = performance.now();
    if (this.#owner.admit(now)) this.#workload.begin(now, this);
  };

  ended(ok: boolean): void {
    // Exponential with the mean asked for, as in queueing models of interactive users.
    const think = this.#thinkMs === 0 ? 0 : -Math.log(1 - this.#random()) * this.#thinkMs;
    const pause = ok ? think : Math.max(think, failurePauseMs);
    if (pause === 0) this.begin();
    else setTimeout(this.begin, pause);
  }
}
