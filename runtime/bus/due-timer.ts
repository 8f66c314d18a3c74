import type { Clock } from "../clock.ts";

/** The system's timers fire at once when asked for more than 31 bits of milliseconds. */
const longestMs = 2 ** 31 - 1;

/** One timer for many deadlines: runs `work` at the earliest time asked for since it last ran, or before it. */
export class DueTimer {
  readonly #clock: Clock;
  readonly #work: () => void;
  #due = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, work: () => void) {
    this.#clock = clock;
    this.#work = work;
  }

  /** `due` is absolute, ms since the epoch; Infinity asks for nothing. */
  at(due: number): void {
    if (due >= this.#due) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#clock.after(Math.min(longestMs, Math.max(0, due - this.#clock.now())), () => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#cancel = undefined;
      this.#work();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }
}
