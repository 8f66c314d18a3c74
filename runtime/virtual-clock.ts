import type { Clock } from "./clock.ts";

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** Time that passes when it is told to. What falls due on the way runs in order, each at its own time. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** `start` in milliseconds since the epoch. */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.#now + ms, work };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets `ms` pass within this tick. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#runNext(end)) {
      // each may have set further timers
    }
    this.#now = end;
  }

  /** Lets `ms` pass. What a timer started may go on in microtasks before the next one fires. */
  async pass(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    while (this.#runNext(end)) await settle();
    this.#now = end;
    await settle();
  }

  /** The whole process stood still for `ms`: nothing fires on time, all of it late. */
  async stall(ms: number): Promise<void> {
    this.#now += ms;
    await this.pass(0);
  }

  #runNext(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.work();
    return true;
  }
}

/** Lets promises that are resolved run their course. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
