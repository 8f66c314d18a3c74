import type { Clock, Random } from "../clock.ts";
import type { InstanceInfo, LogLine } from "../control/api.ts";
import type { ProbeReply, SupervisorMessage, WorkerMessage } from "../control/messages.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import type { SupervisorConfig } from "../topology/model.ts";
import type { Link, Peer } from "../transport/transport.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { ExitInfo, LaunchedWorker, Launcher } from "./launcher.ts";
import {
  canStep,
  hasProcess,
  isSettled,
  type Phase,
  type PhaseEvent,
  registryState,
  shownState,
  step,
} from "./phases.ts";
import { Prober } from "./probe.ts";
import { RestartPolicy } from "./restart-policy.ts";
import { parseProbeReply } from "./worker-messages.ts";

/** Between the drain's own bound and SIGKILL: the way there and back, and closing the database. */
const drainGraceMs = 1000;
/** A worker ends by itself when its control link closes; one that lives on is killed after this. */
const unlinkedMs = 2000;
/** What a worker said on its link before it ended may be read after its exit is known; this long at the most. */
const lastMessageMs = 250;
/** The end of stderr that is told as the reason of a death without other words. */
const lastWordsCharacters = 200;

export interface InstanceOptions {
  readonly id: string;
  readonly service: string;
  readonly role: WorkerSpec["role"];
  readonly config: SupervisorConfig;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly random: Random;
  /** What the next generation is started with. */
  readonly spec: (generation: number) => WorkerSpec;
  /** The registry's record changed. */
  readonly publish: (record: InstanceRecord) => void;
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** What the supervisor has to say about the instance. */
  readonly log: (level: LogLine["level"], message: string) => void;
}

interface Beat {
  readonly rssBytes: number;
  readonly calls: number;
  readonly errors: number;
}

/**
 * One supervised instance: `orders-1`, whatever process it is at the moment. All decisions are made here, by the table
 * in phases.ts; the parts around it tell it what happened.
 */
export class Instance {
  readonly id: string;
  readonly service: string;
  readonly role: WorkerSpec["role"];
  readonly #options: InstanceOptions;
  readonly #restarts: RestartPolicy;
  readonly #prober: Prober;
  readonly #waiting = new Set<() => void>();
  #phase: Phase = "stopped";
  #wanted = false;
  #generation = 0;
  #since: number;
  #spec: WorkerSpec | undefined;
  #worker: LaunchedWorker | undefined;
  #link: Link | undefined;
  /** Set once the process is gone and only its link is still waited for. */
  #linkGone: (() => void) | undefined;
  #cancelTimer: () => void = () => {};
  #launchedAt = 0;
  #readyAt: number | undefined;
  #bootMs: number | undefined;
  #port: number | undefined;
  #lastBeatAt = 0;
  #beat: Beat | undefined;
  /** Why this generation is about to end, when that is known before its exit. */
  #verdict: string | undefined;
  #lastWords = "";
  #lastExit: string | undefined;
  #restartCount = 0;

  constructor(options: InstanceOptions) {
    this.id = options.id;
    this.service = options.service;
    this.role = options.role;
    this.#options = options;
    this.#since = options.clock.now();
    this.#restarts = new RestartPolicy(options.config.restart, options.random);
    this.#prober = new Prober({
      config: options.config.probe,
      clock: options.clock,
      random: options.random,
      ask: (deadline) => this.#ask(deadline),
      failing: (reason) => this.#ill(`fails its probes: ${reason}`),
      answering: () => this.#well(),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get generation(): number {
    return this.#generation;
  }

  get lastExit(): string | undefined {
    return this.#lastExit;
  }

  /** The port it serves on, once it said so; kept across restarts. */
  get port(): number | undefined {
    return this.#port;
  }

  get bootMs(): number | undefined {
    return this.#bootMs;
  }

  /** Starts it when it is down; brings it back from a crash loop or out of its backoff. Its past deaths are forgotten. */
  start(): void {
    this.#wanted = true;
    if (hasProcess(this.#phase)) return;
    this.#restarts.forget();
    this.#launch();
  }

  /** Drains it; resolves when its process is gone, at the latest `drainTimeoutMs` and a little later. Idempotent. */
  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#phase === "backoff" || this.#phase === "crash-loop") this.#step("ended");
    else if (hasProcess(this.#phase) && this.#phase !== "draining") this.#drain();
    await this.#until((phase) => phase === "stopped" || (this.#wanted && isSettled(phase)));
  }

  /** Takes the process away without a word. It counts as a death, so a running instance comes back. */
  kill(verdict?: string): void {
    if (verdict !== undefined) {
      this.#verdict ??= verdict;
      this.#options.log("warn", `${this.id} is killed: ${verdict}`);
    }
    this.#worker?.kill("SIGKILL");
  }

  /** Resolves when it is ready, or down until someone acts. */
  async settled(): Promise<Phase> {
    await this.#until(isSettled);
    return this.#phase;
  }

  /** Whether a hello comes from the process that runs now. */
  expects(peer: Peer): boolean {
    return (
      hasProcess(this.#phase) &&
      this.#link === undefined &&
      peer.service === this.service &&
      peer.generation === this.#generation
    );
  }

  linked(link: Link): void {
    this.#link = link;
    if (canStep(this.#phase, "linked")) this.#step("linked");
    else if (this.#phase === "unhealthy") {
      this.#cancelTimer();
      this.#prober.now();
    }
  }

  unlinked(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    if (this.#linkGone !== undefined) {
      this.#linkGone();
      return;
    }
    if (!hasProcess(this.#phase) || this.#phase === "draining") return;
    // A worker without a link hears of no change and cannot be asked: nothing new may go there.
    this.#ill("lost its control link");
    this.#timer(unlinkedMs, () => this.kill("lives on without its control link"));
  }

  /** `suspect` and `resync` concern others and do not come here. */
  heard(message: Exclude<WorkerMessage, { type: "suspect" | "resync" }>): void {
    if (message.type === "ready") this.#ready(message);
    else if (message.type === "failed") this.#verdict ??= `${message.code}: ${message.message}`;
    else if (message.type === "drained") {
      this.#verdict ??= message.unfinished === 0 ? "drained" : `drained, ${message.unfinished} calls cut off`;
    } else {
      this.#lastBeatAt = this.#options.clock.now();
      this.#beat = message;
    }
  }

  /** Someone could not reach it: asked at once whether it is well. */
  suspected(): void {
    if (this.#phase === "ready") this.#prober.now();
  }

  /** Milliseconds since its last sign of life; 0 while none is due. */
  silentMs(now: number): number {
    return this.#phase === "ready" || (this.#phase === "unhealthy" && this.#link !== undefined)
      ? now - this.#lastBeatAt
      : 0;
  }

  /** Nobody listened for `ms`: silence of that time is not held against it. */
  excuse(ms: number): void {
    this.#lastBeatAt += ms;
  }

  info(): InstanceInfo {
    const running = hasProcess(this.#phase);
    const now = this.#options.clock.now();
    return {
      id: this.id,
      service: this.service,
      role: this.role,
      version: this.#spec?.version ?? "",
      generation: this.#generation,
      state: shownState(this.#phase),
      address: this.#spec?.address ?? "",
      restarts: this.#restartCount,
      ...(running && this.#worker !== undefined ? { pid: this.#worker.pid } : {}),
      ...(this.#bootMs === undefined ? {} : { bootMs: this.#bootMs }),
      ...(running && this.#readyAt !== undefined ? { uptimeMs: now - this.#readyAt } : {}),
      ...(this.#lastExit === undefined ? {} : { lastExit: this.#lastExit }),
      ...(running && this.#beat !== undefined
        ? { rssBytes: this.#beat.rssBytes, calls: this.#beat.calls, errors: this.#beat.errors }
        : {}),
    };
  }

  #launch(): void {
    const { launcher, clock, config } = this.#options;
    if (this.#generation > 0) this.#restartCount += 1;
    this.#generation += 1;
    const generation = this.#generation;
    this.#spec = this.#options.spec(generation);
    this.#launchedAt = clock.now();
    this.#readyAt = undefined;
    this.#bootMs = undefined;
    this.#beat = undefined;
    this.#verdict = undefined;
    this.#lastWords = "";
    this.#worker = undefined;
    this.#link = undefined;
    this.#linkGone = undefined;
    let exited: Promise<ExitInfo>;
    try {
      this.#worker = launcher.launch(this.#spec, (stream, line) => this.#said(stream, line));
      exited = this.#worker.exited;
    } catch (error) {
      // Out of processes, memory or file descriptors: a death like another.
      this.#verdict = `cannot be launched: ${error instanceof Error ? error.message : String(error)}`;
      exited = Promise.resolve({ code: null, signal: null });
    }
    this.#step("launch");
    this.#timer(config.startTimeoutMs, () => this.kill(`not ready within ${config.startTimeoutMs} ms`));
    void exited.then((exit) => {
      const link = this.#link;
      if (generation !== this.#generation || link === undefined) return this.#exited(generation, exit);
      this.#timer(lastMessageMs, () => this.#exited(generation, exit));
      this.#linkGone = () => this.#exited(generation, exit);
    });
  }

  #ready(message: Extract<WorkerMessage, { type: "ready" }>): void {
    if (!canStep(this.#phase, "ready")) return;
    const now = this.#options.clock.now();
    this.#readyAt = now;
    this.#lastBeatAt = now;
    this.#bootMs = now - this.#launchedAt;
    if (message.port !== undefined) this.#port = message.port;
    this.#cancelTimer();
    this.#step("ready");
    this.#prober.start();
  }

  #ill(reason: string): void {
    if (!canStep(this.#phase, "ill")) return;
    this.#options.log("warn", `${this.id} gets no more calls: it ${reason}`);
    this.#step("ill");
  }

  #well(): void {
    if (!canStep(this.#phase, "well")) return;
    this.#options.log("info", `${this.id} answers its probes again`);
    this.#step("well");
  }

  #drain(): void {
    const { drainTimeoutMs } = this.#options.config;
    const listens = this.#phase === "ready" || this.#phase === "unhealthy";
    this.#prober.stop();
    this.#step("drain");
    // Before it is ready there is nothing to finish, and maybe nobody who reads the link yet.
    if (listens && this.#link !== undefined) this.#send({ type: "drain", timeoutMs: drainTimeoutMs });
    else this.#worker?.kill("SIGTERM");
    this.#timer(drainTimeoutMs + drainGraceMs, () => this.kill(`not drained within ${drainTimeoutMs} ms`));
  }

  #exited(generation: number, exit: ExitInfo): void {
    if (generation !== this.#generation || !hasProcess(this.#phase)) return;
    const { clock, log } = this.#options;
    this.#prober.stop();
    this.#cancelTimer();
    this.#link = undefined;
    this.#linkGone = undefined;
    this.#lastExit = this.#verdict ?? describeExit(exit, this.#wanted ? this.#lastWords : "");
    if (!this.#wanted || this.#phase === "draining") {
      this.#step("ended");
      // Started again while it drained.
      if (this.#wanted) this.#launch();
      return;
    }
    const delayMs = this.#restarts.died(clock.now());
    if (delayMs === undefined) {
      log("error", `${this.id} died too often and stays down until it is started: ${this.#lastExit}`);
      this.#step("gave-up");
      return;
    }
    log("error", `${this.id} died and restarts in ${Math.ceil(delayMs)} ms: ${this.#lastExit}`);
    this.#step("died");
    this.#timer(delayMs, () => this.#launch());
  }

  #step(event: PhaseEvent): void {
    const { clock, publish } = this.#options;
    const before = registryState(this.#phase);
    this.#phase = step(this.#phase, event);
    if (!hasProcess(this.#phase)) this.#cancelTimer();
    if (registryState(this.#phase) !== before) this.#since = clock.now();
    publish(this.#record());
    for (const check of [...this.#waiting]) check();
  }

  #record(): InstanceRecord {
    const spec = this.#spec;
    return {
      id: this.id,
      service: this.service,
      version: spec?.version ?? "",
      generation: this.#generation,
      state: registryState(this.#phase),
      address: spec?.address ?? "",
      weight: spec?.weight ?? 1,
      since: this.#since,
      ...(hasProcess(this.#phase) && this.#worker !== undefined ? { pid: this.#worker.pid } : {}),
    };
  }

  #said(stream: "stdout" | "stderr", line: string): void {
    if (stream === "stderr" && line.trim() !== "")
      this.#lastWords = line.trim().slice(0, lastWordsCharacters);
    this.#options.output(stream, line);
  }

  #send(message: SupervisorMessage): void {
    this.#link?.notify(message);
  }

  #ask(deadline: number): Promise<ProbeReply> {
    return new Promise((resolve) => {
      if (this.#link === undefined) return resolve({ ok: false, reason: "no control link" });
      this.#link.call({ type: "probe" } satisfies SupervisorMessage, null, deadline, {
        reply: (head) => resolve(parseProbeReply(head)),
        fail: (error) => resolve({ ok: false, reason: error.message }),
      });
    });
  }

  /** One timer at a time: each phase waits for one thing. */
  #timer(ms: number, work: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, work);
  }

  #until(done: (phase: Phase) => boolean): Promise<void> {
    if (done(this.#phase)) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!done(this.#phase)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

function describeExit(exit: ExitInfo, lastWords: string): string {
  const how = exit.signal ?? (exit.code === null ? "ended" : `exit ${exit.code}`);
  return lastWords === "" || exit.signal === "SIGKILL" ? how : `${how}: ${lastWords}`;
}
