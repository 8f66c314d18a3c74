import type { Clock } from "../clock.ts";

/** Resolution of deadlines: one passes up to this much late, never early. */
const slotMs = 16;
/** A power of two. 512 × 16 ms: deadlines over 8 s away share slots with nearer ones and wait for a later round. */
const slotCount = 512;

/** Something with a deadline; the links are the wheel's own. One entry waits in one wheel at a time. */
export abstract class Expiring {
  /** Absolute, ms since the epoch. */
  deadline = 0;
  wheelSlot = -1;
  wheelNext: Expiring | undefined = undefined;
  wheelPrevious: Expiring | undefined = undefined;
  abstract expire(): void;
}

/**
 * Deadlines of many calls with one timer: a hashed timing wheel (Varghese & Lauck 1987, scheme 6). Adding and removing
 * are a few pointer writes without allocation. The timer sleeps until the first occupied slot, so that an idle
 * process is not woken; an entry removed in the meantime costs one idle wake-up.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #slots: (Expiring | undefined)[] = new Array(slotCount).fill(undefined);
  #count = 0;
  #disarm: (() => void) | undefined;
  /** Number of the slot time, counted since the epoch, that the timer waits for. */
  #armedFor = Number.POSITIVE_INFINITY;
  /** All slot times before this one are dealt with. */
  #nextTime = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#count;
  }

  /** Calls `entry.expire()` once `entry.deadline` has passed, never within this call. */
  add(entry: Expiring): void {
    if (this.#count++ === 0) this.#nextTime = Math.floor(this.#clock.now() / slotMs);
    const time = Math.max(Math.ceil(entry.deadline / slotMs), this.#nextTime);
    const slot = time % slotCount;
    const first = this.#slots[slot];
    entry.wheelSlot = slot;
    entry.wheelNext = first;
    entry.wheelPrevious = undefined;
    if (first !== undefined) first.wheelPrevious = entry;
    this.#slots[slot] = entry;
    if (time < this.#armedFor) this.#arm(time);
  }

  /** Of an entry that is not there: no effect. */
  remove(entry: Expiring): void {
    if (entry.wheelSlot === -1) return;
    const next = entry.wheelNext;
    const previous = entry.wheelPrevious;
    if (next !== undefined) next.wheelPrevious = previous;
    if (previous !== undefined) previous.wheelNext = next;
    else this.#slots[entry.wheelSlot] = next;
    entry.wheelSlot = -1;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    this.#count--;
  }

  #arm(time: number): void {
    this.#disarm?.();
    this.#armedFor = time;
    this.#disarm = this.#clock.after(Math.max(0, time * slotMs - this.#clock.now()), this.#turn);
  }

  readonly #turn = (): void => {
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    const last = Math.floor(now / slotMs);
    // After a long pause every slot is looked at once, not once for each round missed.
    const from = Math.max(this.#nextTime, last - slotCount + 1);
    this.#nextTime = last + 1;
    for (let time = from; time <= last; time++) this.#expireSlot(time % slotCount, now);
    if (this.#count > 0 && this.#armedFor === Number.POSITIVE_INFINITY) this.#armNext();
  };

  #expireSlot(slot: number, now: number): void {
    const due: Expiring[] = [];
    for (let entry = this.#slots[slot]; entry !== undefined; entry = entry.wheelNext) {
      if (entry.deadline <= now) due.push(entry);
    }
    for (const entry of due) {
      // One that expired before it may have removed this one.
      if (entry.wheelSlot === -1) continue;
      this.remove(entry);
      entry.expire();
    }
  }

  #armNext(): void {
    for (let time = this.#nextTime; time < this.#nextTime + slotCount; time++) {
      if (this.#slots[time % slotCount] === undefined) continue;
      this.#arm(time);
      return;
    }
  }
}
