import { alignedDelay, type Clock } from "../clock.ts";
import type { WorkerMessage } from "../control/messages.ts";
import type { RoleLoad } from "./role.ts";

type Beat = Extract<WorkerMessage, { type: "beat" }>;

export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Between beats while there is no work. 0: as always. */
  readonly restMs: number;
  readonly clock: Clock;
  readonly load: () => RoleLoad;
  /** `urgent`: it must be out before this returns, because what comes next may never end. */
  readonly beat: (beat: Beat, urgent: boolean) => void;
}

/** Beats in a row without work before it rests. */
const quietBeats = 3;

/**
 * Says that the event loop turns, and how late it was. Waking costs a process 0.1–0.3 ms, and most services of a
 * topology have nothing to do: one without work says that it rests and beats rarely, and says so again before it begins
 * any work, so that a handler that hangs is missed as soon as ever.
 *
 * ```
 * beating ─quietBeats without work─▶ resting ─stir─▶ beating
 * ```
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: (() => void) | undefined;
  #dueAt = 0;
  #stirred = true;
  #quiet = 0;
  #resting = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    if (!(options.intervalMs > 0)) {
      throw new RangeError(`intervalMs: expected more than 0, got ${options.intervalMs}`);
    }
    if (!(options.restMs >= 0)) {
      throw new RangeError(`restMs: expected 0 or more, got ${options.restMs}`);
    }
  }

  start(): void {
    this.#dueAt = this.#options.clock.now();
    this.#beat(false);
  }

  stop(): void {
    this.#cancel?.();
    this.#resting = false;
  }

  /** Call it before work begins; costs two stores while it does not rest. */
  stir(): void {
    this.#stirred = true;
    if (!this.#resting) return;
    this.#cancel?.();
    this.#dueAt = this.#options.clock.now();
    this.#beat(true);
  }

  #beat(urgent: boolean): void {
    const { intervalMs, restMs, clock, load, beat } = this.#options;
    const now = clock.now();
    const { pending, calls, errors } = load();
    this.#quiet = this.#stirred || pending > 0 ? 0 : this.#quiet + 1;
    this.#stirred = false;
    this.#resting = restMs > intervalMs && this.#quiet >= quietBeats;
    const loopDelayMs = Math.max(0, now - this.#dueAt);
    const rest = this.#resting ? { restMs } : {};
    const rssBytes = process.memoryUsage.rss();
    beat({ type: "beat", loopDelayMs, rssBytes, pending, calls, errors, ...rest }, urgent);
    // From now and not from when it was due: after a long pause one beat is enough.
    const delayMs = alignedDelay(now, this.#resting ? restMs : intervalMs);
    this.#dueAt = now + delayMs;
    this.#cancel = clock.after(delayMs, () => this.#beat(false));
  }
}
