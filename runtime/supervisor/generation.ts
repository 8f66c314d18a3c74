import type { Clock } from "../clock.ts";
import type { InstanceInfo } from "../control/api.ts";
import type { ProbeReply, SupervisorMessage, WorkerMessage } from "../control/messages.ts";
import type { Link, Peer } from "../transport/transport.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { ExitInfo, LaunchedWorker, Launcher } from "./launcher.ts";
import { errorWords } from "./log-line.ts";
import type { Pulse } from "./pulse.ts";
import { parseProbeReply } from "./worker-messages.ts";

/** What a worker said on its link before it ended may be read after its exit is known; this long at the most. */
const lastMessageMs = 250;
/** Of the last error it wrote, told as the reason of a death without other words. */
const lastWordsCharacters = 200;
/** CPU between two looks that one at rest may use: a thread that collects, a timer of the author's. */
const restlessCpuMs = 50;

export interface GenerationOptions {
  readonly spec: WorkerSpec;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** The process is gone and all it said is read. Called once. */
  readonly over: (exit: ExitInfo) => void;
}

/** One process of an instance, from its launch to its end, with what it said of itself. */
export class Generation {
  readonly spec: WorkerSpec;
  readonly #clock: Clock;
  readonly #launchedAt: number;
  readonly #unlinked = Promise.withResolvers<void>();
  readonly #worker: LaunchedWorker | undefined;
  #link: Link | undefined;
  #readyAt: number | undefined;
  #lastBeatAt = 0;
  /** The last beat, or when it was last seen to wait for work while it rested. */
  #lastSignAt = 0;
  #pulse: Pulse | undefined;
  #roused = false;
  #beat: Extract<WorkerMessage, { type: "beat" }> | undefined;
  /** Why it is about to end, when that is known before its exit. */
  #verdict: string | undefined;
  #lastWords = "";

  constructor(options: GenerationOptions) {
    const { spec, launcher, clock, output, over } = options;
    this.spec = spec;
    this.#clock = clock;
    this.#launchedAt = clock.now();
    let exited: Promise<ExitInfo>;
    try {
      this.#worker = launcher.launch(spec, (stream, line) => {
        // Parsed only when it may matter: most lines are neither.
        if (stream === "stderr" || line.includes('"error"'))
          this.#lastWords = errorWords(stream, line) ?? this.#lastWords;
        output(stream, line);
      });
      exited = this.#worker.exited;
    } catch (error) {
      // Out of processes, memory or file descriptors: a death like another.
      this.#verdict = `cannot be launched: ${error instanceof Error ? error.message : String(error)}`;
      exited = Promise.resolve({ code: null, signal: null });
    }
    void this.#await(exited).then(over);
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  get isLinked(): boolean {
    return this.#link !== undefined;
  }

  /** Whether a hello comes from this process, which has one link only. */
  expects(peer: Peer): boolean {
    return (
      this.#link === undefined &&
      peer.service === this.spec.service &&
      peer.generation === this.spec.generation
    );
  }

  linked(link: Link): void {
    this.#link = link;
  }

  /** False when `link` is not the one it has. */
  unlinked(link: Link): boolean {
    if (this.#link !== link) return false;
    this.#link = undefined;
    this.#unlinked.resolve();
    return true;
  }

  ready(): void {
    this.#readyAt = this.#clock.now();
    this.#lastBeatAt = this.#readyAt;
    this.#lastSignAt = this.#readyAt;
  }

  beat(message: Extract<WorkerMessage, { type: "beat" }>): void {
    this.#lastBeatAt = this.#clock.now();
    this.#lastSignAt = this.#lastBeatAt;
    this.#beat = message;
    this.#pulse = undefined;
    this.#roused = false;
  }

  /** Whether it said that it beats rarely until there is work. */
  get rests(): boolean {
    return this.#beat?.restMs !== undefined;
  }

  /**
   * One that rests is seen to live while it waits for work and hardly runs. A loop without end runs, and a process that
   * was stopped does not wait: such a one is asked, and its silence counts from when all was well.
   */
  feel(now: number): void {
    if (!this.rests) return;
    const before = this.#pulse;
    this.#pulse = this.#worker?.pulse?.();
    if (this.#pulse === undefined) return;
    const usedMs = this.#pulse.cpuMs - (before ?? this.#pulse).cpuMs;
    if (this.#pulse.waits && usedMs < restlessCpuMs && !this.#roused) this.#lastSignAt = now;
    else this.rouse();
  }

  /** Asks one that rests for a beat: from now on its silence counts. */
  rouse(): void {
    if (!this.rests || this.#roused) return;
    this.#roused = true;
    this.send({ type: "rouse" });
  }

  /** The first reason given is the true one: what follows follows from it. */
  condemn(verdict: string): void {
    this.#verdict ??= verdict;
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#worker?.kill(signal);
  }

  /** False where there is no process to hold. */
  hold(signal: "SIGSTOP" | "SIGCONT"): boolean {
    if (this.#worker?.hold === undefined) return false;
    this.#worker.hold(signal);
    return true;
  }

  send(message: SupervisorMessage): void {
    this.#link?.notify(message);
  }

  /** Asks the worker whether it is well; resolves at `deadline` (absolute, ms) at the latest. */
  ask(deadline: number): Promise<ProbeReply> {
    return new Promise((resolve) => {
      if (this.#link === undefined) return resolve({ ok: false, reason: "no control link" });
      this.#link.call({ type: "probe" } satisfies SupervisorMessage, null, deadline, {
        reply: (head) => resolve(parseProbeReply(head)),
        fail: (error) => resolve({ ok: false, reason: error.message }),
      });
    });
  }

  /** Milliseconds since its last sign of life. */
  silentMs(now: number): number {
    // One that waits for something else than work, a lock for example, looks well from outside.
    const overdueMs = now - this.#lastBeatAt - (this.#beat?.restMs ?? 0);
    return Math.max(now - this.#lastSignAt, overdueMs);
  }

  /** Nobody listened for `ms`: silence of that time is not held against it. */
  excuse(ms: number): void {
    this.#lastBeatAt += ms;
    this.#lastSignAt += ms;
  }

  /** How it ended, in a few words. `expected`: nobody asks for its last words. */
  obituary(exit: ExitInfo, expected: boolean): string {
    if (this.#verdict !== undefined) return this.#verdict;
    const how = exit.signal ?? (exit.code === null ? "ended" : `exit ${exit.code}`);
    const words = this.#lastWords.slice(0, lastWordsCharacters);
    return expected || words === "" || exit.signal === "SIGKILL" ? how : `${how}: ${words}`;
  }

  /** Its part of the instance's info while it lives. */
  info(): Partial<InstanceInfo> {
    const readyAt = this.#readyAt;
    // What a beat of half a minute ago says of its memory may have changed; the rest of it has not, or it would beat.
    const rssBytes = this.#pulse?.rssBytes ?? this.#beat?.rssBytes ?? 0;
    return {
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...(readyAt === undefined
        ? {}
        : { bootMs: readyAt - this.#launchedAt, uptimeMs: this.#clock.now() - readyAt }),
      ...(this.#beat === undefined ? {} : { rssBytes, calls: this.#beat.calls, errors: this.#beat.errors }),
    };
  }

  async #await(exited: Promise<ExitInfo>): Promise<ExitInfo> {
    const exit = await exited;
    if (this.#link !== undefined) {
      const cancel = this.#clock.after(lastMessageMs, () => this.#unlinked.resolve());
      await this.#unlinked.promise;
      cancel();
    }
    this.#link = undefined;
    return exit;
  }
}
