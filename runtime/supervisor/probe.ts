import type { Clock, Random } from "../clock.ts";
import type { ProbeReply } from "../control/messages.ts";
import type { SupervisorConfig } from "../topology/model.ts";

/** Suspicions of many callers in this time become one probe. */
const suspicionGapMs = 200;
/** How soon one that failed a probe is asked again, at the latest. */
const doubtMs = 1000;

export interface ProberOptions {
  readonly config: SupervisorConfig["probe"];
  readonly clock: Clock;
  readonly random: Random;
  /** Asks the worker. Must resolve soon after `deadline` (absolute, ms), whatever happens. */
  readonly ask: (deadline: number) => Promise<ProbeReply>;
  /** Whether it said that it rests: it is not woken for being asked. */
  readonly rests: () => boolean;
  /** Told with each probe from the `failures`-th failure in a row on. */
  readonly failing: (reason: string) => void;
  /** Told with each probe that went well. */
  readonly answering: () => void;
}

/**
 * Active health: asks a worker over its control link whether it is well, every `intervalMs` while it does not rest, and
 * on suspicion.
 */
export class Prober {
  readonly #options: ProberOptions;
  /** Raised by start and stop, so that an answer to a question of an earlier run changes nothing. */
  #run = 0;
  #running = false;
  #failures = 0;
  #asking = false;
  /** Due, and waiting for it to rest no more. */
  #paused = false;
  #lastAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#running = true;
    this.#failures = 0;
    this.#asking = false;
    this.#lastAt = Number.NEGATIVE_INFINITY;
    // Spread over the interval: a hundred workers that became ready together are not asked together.
    this.#schedule(this.#options.config.intervalMs * this.#options.random());
  }

  stop(): void {
    this.#run += 1;
    this.#running = false;
    this.#paused = false;
    this.#cancelTimer();
  }

  /** It rests no more: the questions go on. */
  awake(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#schedule(this.#options.config.intervalMs * this.#options.random());
  }

  /** Probes ahead of time, once within `suspicionGapMs`. */
  now(): void {
    if (!this.#running || this.#asking) return;
    const sinceMs = this.#options.clock.now() - this.#lastAt;
    if (sinceMs >= suspicionGapMs) void this.#probe();
    else this.#schedule(suspicionGapMs - sinceMs);
  }

  async #probe(): Promise<void> {
    const { config, clock, ask } = this.#options;
    const run = this.#run;
    this.#cancelTimer();
    this.#asking = true;
    this.#lastAt = clock.now();
    const reply = await ask(this.#lastAt + config.timeoutMs);
    if (run !== this.#run) return;
    this.#asking = false;
    this.#judge(reply);
    // A doubtful one is asked again sooner than a healthy one.
    if (this.#running)
      this.#schedule(reply.ok ? config.intervalMs : Math.min(config.intervalMs / 2, doubtMs));
  }

  #judge(reply: ProbeReply): void {
    const { config, failing, answering } = this.#options;
    if (reply.ok) {
      this.#failures = 0;
      answering();
      return;
    }
    this.#failures += 1;
    if (this.#failures >= config.failures) failing(reply.reason ?? "no reason given");
  }

  #schedule(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => {
      if (this.#failures === 0 && this.#options.rests()) this.#paused = true;
      else void this.#probe();
    });
  }
}
