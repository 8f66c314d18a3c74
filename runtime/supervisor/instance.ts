import type { Clock, Random } from "../clock.ts";
import type { InstanceInfo, LogLine } from "../control/api.ts";
import type { WorkerMessage } from "../control/messages.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import type { SupervisorConfig } from "../topology/model.ts";
import type { Link, Peer } from "../transport/transport.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import { Generation } from "./generation.ts";
import type { ExitInfo, Launcher } from "./launcher.ts";
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

/** Between the drain's own bound and SIGKILL: the way there and back, and closing the database. */
const drainGraceMs = 1000;
/** A worker ends by itself when its control link closes; one that lives on is killed after this. */
const unlinkedMs = 2000;

export interface InstanceOptions {
  readonly id: string;
  readonly service: string;
  readonly role: WorkerSpec["role"];
  readonly version: string;
  readonly config: SupervisorConfig;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly random: Random;
  /** What the generation of that number is started with. */
  readonly spec: (generation: number) => WorkerSpec;
  /** The instance entered another state. */
  readonly publish: (record: InstanceRecord) => void;
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** What the supervisor has to say about the instance. */
  readonly log: (level: LogLine["level"], message: string) => void;
}

/**
 * One supervised instance: `orders-1`, whatever process it is at the moment. All decisions are made here, by the table
 * in phases.ts; the parts around it tell it what happened.
 */
export class Instance {
  readonly id: string;
  readonly service: string;
  readonly #options: InstanceOptions;
  readonly #restarts: RestartPolicy;
  readonly #prober: Prober;
  readonly #waiting = new Set<() => void>();
  #phase: Phase = "stopped";
  /** When it entered its state of the registry. */
  #since: number;
  #wanted = false;
  /** Stopped only to be started again. */
  #renewing = false;
  #number = 0;
  /** The process there is, or the last one there was. */
  #generation: Generation | undefined;
  #port: number | undefined;
  #lastExit: string | undefined;
  #cancelTimer: () => void = () => {};

  constructor(options: InstanceOptions) {
    this.id = options.id;
    this.service = options.service;
    this.#options = options;
    this.#since = options.clock.now();
    this.#restarts = new RestartPolicy(options.config.restart, options.random);
    this.#prober = new Prober({
      config: options.config.probe,
      clock: options.clock,
      random: options.random,
      ask: async (deadline) => (await this.#generation?.ask(deadline)) ?? { ok: false, reason: "no process" },
      rests: () => this.#phase === "ready" && this.#generation?.rests === true,
      failing: (reason) => this.#ill(`fails its probes: ${reason}`),
      answering: () => this.#well(),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The port it serves on, once it said so; kept across restarts. */
  get port(): number | undefined {
    return this.#port;
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

  /** As `stop`, for one who is going to call `start`: callers are told that waiting makes sense. */
  async stopForRestart(): Promise<void> {
    this.#renewing = true;
    try {
      await this.stop();
    } finally {
      this.#renewing = false;
    }
  }

  /** Takes the process away without a word. It counts as a death, so a running instance comes back. */
  kill(verdict?: string): void {
    if (!hasProcess(this.#phase)) return;
    if (verdict !== undefined) {
      this.#generation?.condemn(verdict);
      this.#options.log("warn", `${this.id} is killed: ${verdict}`);
    }
    this.#generation?.kill("SIGKILL");
  }

  /** SIGSTOP or SIGCONT. Nobody is told: that it hangs is for the heartbeats to find. False where there is no process. */
  hold(signal: "SIGSTOP" | "SIGCONT"): boolean {
    return hasProcess(this.#phase) && this.#generation?.hold(signal) === true;
  }

  /** Resolves when it is ready, or down until someone acts. */
  async settled(): Promise<Phase> {
    await this.#until(isSettled);
    return this.#phase;
  }

  /** Whether a hello comes from the process that runs now. */
  expects(peer: Peer): boolean {
    return hasProcess(this.#phase) && this.#generation?.expects(peer) === true;
  }

  linked(link: Link): void {
    this.#generation?.linked(link);
    if (canStep(this.#phase, "linked")) this.#step("linked");
    else if (this.#phase === "unhealthy") {
      this.#cancelTimer();
      this.#prober.now();
    }
  }

  unlinked(link: Link): void {
    if (this.#generation?.unlinked(link) !== true) return;
    if (!hasProcess(this.#phase) || this.#phase === "draining") return;
    // A worker without a link hears of no change and cannot be asked: nothing new may go there.
    this.#ill("lost its control link");
    this.#timer(unlinkedMs, () => this.kill("lives on without its control link"));
  }

  /** `suspect` and `resync` concern others and do not come here. */
  heard(message: Exclude<WorkerMessage, { type: "suspect" | "resync" }>): void {
    if (message.type === "ready") this.#ready(message.port);
    else if (message.type === "beat") this.#beat(message);
    else if (message.type === "failed") this.#generation?.condemn(`${message.code}: ${message.message}`);
    else {
      const { unfinished } = message;
      this.#generation?.condemn(unfinished === 0 ? "drained" : `drained, ${unfinished} calls cut off`);
    }
  }

  /** Someone could not reach it: asked at once whether it is well. */
  suspected(): void {
    if (this.#phase !== "ready") return;
    this.#generation?.rouse();
    this.#prober.now();
  }

  feel(now: number): void {
    if (this.#generation?.isLinked === true) this.#generation.feel(now);
  }

  /** Milliseconds since its last sign of life; 0 while none is due. */
  silentMs(now: number): number {
    const beats = this.#phase === "ready" || this.#phase === "unhealthy";
    return beats && this.#generation?.isLinked === true ? this.#generation.silentMs(now) : 0;
  }

  excuse(ms: number): void {
    this.#generation?.excuse(ms);
  }

  info(): InstanceInfo {
    const { role, version } = this.#options;
    return {
      id: this.id,
      service: this.service,
      role,
      version,
      generation: this.#number,
      state: shownState(this.#phase),
      address: this.#generation?.spec.address ?? "",
      restarts: Math.max(0, this.#number - 1),
      ...(this.#lastExit === undefined ? {} : { lastExit: this.#lastExit }),
      ...(hasProcess(this.#phase) ? this.#generation?.info() : {}),
    };
  }

  #launch(): void {
    const { launcher, clock, config, output } = this.#options;
    this.#number += 1;
    const generation: Generation = new Generation({
      spec: this.#options.spec(this.#number),
      launcher,
      clock,
      output,
      over: (exit) => this.#exited(generation, exit),
    });
    this.#generation = generation;
    this.#step("launch");
    this.#timer(config.startTimeoutMs, () => this.kill(`not ready within ${config.startTimeoutMs} ms`));
  }

  #ready(port: number | undefined): void {
    if (!canStep(this.#phase, "ready")) return;
    this.#generation?.ready();
    if (port !== undefined) this.#port = port;
    this.#cancelTimer();
    this.#step("ready");
    this.#prober.start();
  }

  #beat(message: Extract<WorkerMessage, { type: "beat" }>): void {
    this.#generation?.beat(message);
    if (message.restMs === undefined) this.#prober.awake();
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
    const listens = registryState(this.#phase) !== "starting" && this.#generation?.isLinked === true;
    this.#prober.stop();
    this.#step("drain");
    // Before it is ready there is nothing to finish, and maybe nobody who reads the link yet.
    if (listens) this.#generation?.send({ type: "drain", timeoutMs: drainTimeoutMs });
    else this.#generation?.kill("SIGTERM");
    this.#timer(drainTimeoutMs + drainGraceMs, () => this.kill(`not drained within ${drainTimeoutMs} ms`));
  }

  #exited(generation: Generation, exit: ExitInfo): void {
    const { clock, log } = this.#options;
    this.#prober.stop();
    this.#cancelTimer();
    this.#lastExit = generation.obituary(exit, !this.#wanted);
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
    const before = registryState(this.#phase);
    this.#phase = step(this.#phase, event);
    if (registryState(this.#phase) !== before) this.#since = this.#options.clock.now();
    if (!hasProcess(this.#phase)) this.#cancelTimer();
    const spec = this.#generation?.spec;
    // The first step is a launch, so there is one.
    if (spec !== undefined) this.#options.publish(this.#record(spec));
    for (const check of [...this.#waiting]) check();
  }

  #record(spec: WorkerSpec): InstanceRecord {
    const pid = hasProcess(this.#phase) ? this.#generation?.pid : undefined;
    return {
      id: this.id,
      service: this.service,
      version: spec.version,
      generation: spec.generation,
      state: registryState(this.#phase),
      address: spec.address,
      weight: spec.weight,
      since: this.#since,
      ...(pid === undefined ? {} : { pid }),
      ...(this.#phase === "backoff" || (this.#phase === "stopped" && this.#renewing)
        ? { restarting: true }
        : {}),
    };
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
