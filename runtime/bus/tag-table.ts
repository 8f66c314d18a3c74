import type { Entry } from "./entry.ts";
import type { Run } from "./run.ts";

export type Held = Entry | Run;

/** Not acknowledged in time and taken away, but the consumer is still at it. */
export const lost = Symbol("lost");

/**
 * What a consumer has in flight, by tag. Tags count up and mostly end in order, so they lie in a ring as large as the
 * consumer's credit; one that is still there a lap later moves to a map.
 *
 * Hot path: a store and a load for each event, where a Map of tags took a fifth of the broker's time.
 */
export class TagTable {
  readonly #slots: (Held | typeof lost | undefined)[];
  readonly #mask: number;
  readonly #stragglers = new Map<number, Held | typeof lost>();
  #next = 1;
  count = 0;

  constructor(credit: number) {
    let size = 16;
    while (size < credit) size *= 2;
    this.#slots = new Array(size).fill(undefined);
    this.#mask = size - 1;
  }

  /** Takes `held` under the next `tags` tags; returns the first of them. */
  add(held: Held, tags: number): number {
    const first = this.#next;
    const [slots, mask] = [this.#slots, this.#mask];
    for (let tag = first; tag < first + tags; tag++) {
      const slot = tag & mask;
      const earlier = slots[slot];
      if (earlier !== undefined) this.#stragglers.set(tag - mask - 1, earlier);
      slots[slot] = held;
    }
    this.#next = first + tags;
    this.count += tags;
    return first;
  }

  /** Undefined when there is nothing under this tag, or no longer. */
  take(tag: number): Held | typeof lost | undefined {
    if (tag >= this.#next || tag < 1) return undefined;
    let held: Held | typeof lost | undefined;
    if (tag < this.#next - this.#mask - 1) {
      held = this.#stragglers.get(tag);
      this.#stragglers.delete(tag);
    } else {
      const slot = tag & this.#mask;
      held = this.#slots[slot];
      this.#slots[slot] = undefined;
    }
    if (held !== undefined) this.count--;
    return held;
  }

  /** Puts something else under a tag that is in use. */
  replace(tag: number, held: Held | typeof lost): void {
    if (tag < this.#next - this.#mask - 1) this.#stragglers.set(tag, held);
    else this.#slots[tag & this.#mask] = held;
  }

  /** In the order of tags. */
  forEach(visit: (held: Held | typeof lost, tag: number) => void): void {
    for (const [tag, held] of this.#stragglers) visit(held, tag);
    for (let tag = Math.max(1, this.#next - this.#mask - 1); tag < this.#next; tag++) {
      const held = this.#slots[tag & this.#mask];
      if (held !== undefined) visit(held, tag);
    }
  }
}
