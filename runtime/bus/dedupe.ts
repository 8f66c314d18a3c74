import { fewestSlots, IdTable } from "./id-table.ts";
import { PackedId } from "./packed-id.ts";

export interface DedupeOptions {
  /** Ids a generation holds; between one and two generations are remembered. */
  readonly windowIds: number;
  readonly windowMs: number;
}

/**
 * The event ids a topic has seen lately, exact, with the offset each got. An id is remembered for `windowMs` unless
 * `windowIds` later ones came: two generations, the older one dropped whole, so nothing is ever deleted singly.
 */
export class Dedupe {
  readonly #options: DedupeOptions;
  readonly #id = new PackedId();
  #young = new IdTable(fewestSlots);
  #old: IdTable | undefined;
  #turnedAt: number;

  constructor(options: DedupeOptions, now: number) {
    this.#options = options;
    this.#turnedAt = now;
  }

  get bytes(): number {
    return this.#young.bytes + (this.#old?.bytes ?? 0);
  }

  /** The offset that the id in `buffer[start, end)` got before, or -1 after noting that it now gets `offset`. */
  seen(buffer: Buffer, start: number, end: number, offset: number, now: number): number {
    if (this.#young.size >= this.#options.windowIds || now - this.#turnedAt >= this.#options.windowMs) {
      this.#turn(now);
    }
    const id = this.#id;
    id.take(buffer, start, end);
    if (this.#old !== undefined) {
      const earlier = this.#old.find(id);
      if (earlier >= 0) return earlier;
    }
    return this.#young.findOrAdd(id, offset);
  }

  /** Takes back all ids with offsets from `offset` on: their commit failed. */
  forgetFrom(offset: number): void {
    this.#young.forgetFrom(offset);
    this.#old?.forgetFrom(offset);
  }

  #turn(now: number): void {
    this.#old = this.#young.size === 0 ? undefined : this.#young;
    // As many ids are to be expected as before: growing step by step would cost half as much as the rest.
    this.#young = new IdTable(this.#young.slots);
    this.#turnedAt = now;
  }
}
