/**
 * Calls `launch` for each due time, as near to it as this process can. A timer of the event loop is up to a millisecond
 * late, so it carries only the coarse part of a wait; the last stretch is spun through turns of the event loop, in which
 * sockets are read too. Several that are due in one turn go out in it together, each with its own intended time.
 */
export interface PacerOptions {
  /** Never falling; performance.now() of when each is due. */
  readonly due: Iterator<number, unknown>;
  readonly launch: (dueMs: number, nowMs: number) => void;
  /** After the last. */
  readonly ended: () => void;
  /** Grows with each thing that happens elsewhere: a turn in which it did not grow was spun for nothing. */
  readonly activity: () => number;
}

/** Of a generator that fell behind: between as many launches sockets are read, and a stop is heard. */
const launchesPerTurn = 4096;
const spinBelowMs = 2;
/** A timer is set this much short of the due time. */
const timerSlackMs = 1.2;

export class Pacer {
  readonly #options: PacerOptions;
  #next = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;
  #spunForNothingMs = 0;
  #lastTurnMs = 0;
  #lastActivity = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** Time spent in turns that found nothing to do: CPU that was used but not needed. */
  get spunForNothingMs(): number {
    return this.#spunForNothingMs;
  }

  start(): void {
    this.#advance();
    this.#arm(performance.now());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #advance(): void {
    const { done, value } = this.#options.due.next();
    this.#next = done === true ? Number.POSITIVE_INFINITY : (value as number);
  }

  readonly #turn = (): void => {
    if (this.#stopped) return;
    const now = performance.now();
    if (this.#next > now) {
      const activity = this.#options.activity();
      if (this.#lastTurnMs > 0 && activity === this.#lastActivity) {
        this.#spunForNothingMs += now - this.#lastTurnMs;
      }
      this.#lastActivity = activity;
    } else {
      for (let left = launchesPerTurn; left > 0 && this.#next <= now && !this.#stopped; left--) {
        this.#options.launch(this.#next, now);
        this.#advance();
      }
    }
    this.#lastTurnMs = performance.now();
    this.#arm(this.#lastTurnMs);
  };

  #arm(now: number): void {
    if (this.#stopped) return;
    if (this.#next === Number.POSITIVE_INFINITY) {
      this.#stopped = true;
      this.#options.ended();
      return;
    }
    const wait = this.#next - now;
    if (wait < spinBelowMs) {
      setImmediate(this.#turn);
    } else {
      // Sleeping is not spinning.
      this.#lastTurnMs = 0;
      this.#timer = setTimeout(this.#turn, Math.min(Math.floor(wait - timerSlackMs), 1000));
    }
  }
}
