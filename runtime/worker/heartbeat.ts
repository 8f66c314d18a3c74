import { alignedDelay, type Clock } from "../clock.ts";
import type { WorkerMessage } from "../control/messages.ts";
import type { RoleLoad } from "./role.ts";

type Beat = Extract<WorkerMessage, { type: "beat" }>;

export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly load: () => RoleLoad;
  readonly beat: (beat: Beat) => void;
}

/** Says that the event loop turns, and how late it was. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: (() => void) | undefined;
  #dueAt = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    if (!(options.intervalMs > 0)) {
      throw new RangeError(`intervalMs: expected more than 0, got ${options.intervalMs}`);
    }
  }

  start(): void {
    this.#dueAt = this.#options.clock.now();
    this.#beat();
  }

  stop(): void {
    this.#cancel?.();
  }

  #beat(): void {
    const { intervalMs, clock, load, beat } = this.#options;
    const now = clock.now();
    const { pending, calls, errors } = load();
    const loopDelayMs = Math.max(0, now - this.#dueAt);
    beat({ type: "beat", loopDelayMs, rssBytes: process.memoryUsage.rss(), pending, calls, errors });
    // From now and not from when it was due: after a long pause one beat is enough.
    const delayMs = alignedDelay(now, intervalMs);
    this.#dueAt = now + delayMs;
    this.#cancel = clock.after(delayMs, () => this.#beat());
  }
}
