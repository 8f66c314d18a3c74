import type { Entry } from "./entry.ts";
import type { Run } from "./run.ts";

/**
 * The stretch of a topic a subscription is working on: from `cursor`, below which all is done, to `next`, the first
 * offset not read yet. Offsets in between may be done in any order. A ring that doubles as needed; the caller bounds it
 * by `length` and `bytes`.
 */
export class AckWindow {
  #slots: (Entry | Run | undefined)[] = new Array(64).fill(undefined);
  #sizes = new Uint32Array(64);
  #mask = 63;
  cursor: number;
  next: number;
  /** Bytes of all records from cursor to next. */
  bytes = 0;

  constructor(cursor: number) {
    this.cursor = cursor;
    this.next = cursor;
  }

  get length(): number {
    return this.next - this.cursor;
  }

  /** Takes the event at `next`; undefined for one that is done already. */
  add(held: Entry | Run | undefined, bytes: number): void {
    if (this.length > this.#mask) this.#grow();
    const slot = this.next & this.#mask;
    this.#slots[slot] = held;
    this.#sizes[slot] = bytes;
    this.bytes += bytes;
    this.next++;
    if (held === undefined) this.#advance();
  }

  /** As add, of `count` events that one run holds. Each counts as the same part of their bytes. */
  addRun(run: Run, count: number, bytes: number): void {
    while (this.length + count > this.#slots.length) this.#grow();
    const each = Math.floor(bytes / count);
    const from = this.next & this.#mask;
    const toEnd = Math.min(count, this.#slots.length - from);
    this.#slots.fill(run, from, from + toEnd).fill(run, 0, count - toEnd);
    this.#sizes.fill(each, from, from + toEnd).fill(each, 0, count - toEnd);
    this.#sizes[from]! += bytes - each * count;
    this.bytes += bytes;
    this.next += count;
  }

  done(offset: number): void {
    this.#slots[offset & this.#mask] = undefined;
    if (offset === this.cursor) this.#advance();
  }

  /** Of an event that is not done yet. */
  replace(offset: number, entry: Entry): void {
    this.#slots[offset & this.#mask] = entry;
  }

  /** Begins anew at `offset`. */
  reset(offset: number): void {
    this.#slots.fill(undefined);
    this.cursor = offset;
    this.next = offset;
    this.bytes = 0;
  }

  /** Visits what is not done; a run once for each of its events. */
  forEach(visit: (held: Entry | Run) => void): void {
    for (let offset = this.cursor; offset < this.next; offset++) {
      const held = this.#slots[offset & this.#mask];
      if (held !== undefined) visit(held);
    }
  }

  /** What is done above the cursor, as flat [from, to) pairs. */
  doneAbove(): number[] {
    const ranges: number[] = [];
    for (let offset = this.cursor; offset < this.next; offset++) {
      if (this.#slots[offset & this.#mask] !== undefined) continue;
      if (ranges.at(-1) === offset) ranges[ranges.length - 1] = offset + 1;
      else ranges.push(offset, offset + 1);
    }
    return ranges;
  }

  #advance(): void {
    while (this.cursor < this.next) {
      const slot = this.cursor & this.#mask;
      if (this.#slots[slot] !== undefined) return;
      this.bytes -= this.#sizes[slot]!;
      this.cursor++;
    }
  }

  #grow(): void {
    const slots = new Array<Entry | Run | undefined>(this.#slots.length * 2).fill(undefined);
    const sizes = new Uint32Array(slots.length);
    const mask = slots.length - 1;
    for (let offset = this.cursor; offset < this.next; offset++) {
      slots[offset & mask] = this.#slots[offset & this.#mask];
      sizes[offset & mask] = this.#sizes[offset & this.#mask]!;
    }
    this.#slots = slots;
    this.#sizes = sizes;
    this.#mask = mask;
  }
}
