import type { PackedId } from "./packed-id.ts";

/**
 * Event ids with an offset each, exact. Open addressing with linear probing, load at most a half; the ids lie one behind
 * the other in an arena, a UUID as its 16 bytes:
 *
 * ```
 *  0  u8   bytes of the id; 0 for a UUID in lower case, which takes 16
 *  1  u48  offset + 1; 0 when it was taken back
 *  7  the id
 * ```
 *
 * Hot path, once per published event. A `Map<string, number>` costs 800 ns here for making, hashing and keeping a fresh
 * string; hashing the id's bytes in place and comparing them in an arena costs a tenth of that.
 */
export class IdTable {
  #mask: number;
  /** Two numbers a slot, side by side because the table is larger than the cache: hash, 0 when empty, and arena position. */
  #slots: Uint32Array;
  #arena = Buffer.allocUnsafeSlow(4096);
  #used = 0;
  size = 0;

  /** `slots` is a power of two. */
  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#slots = new Uint32Array(slots * 2);
  }

  /** For a table that holds as many ids as this one. */
  get slots(): number {
    let slots = fewestSlots;
    while (slots < this.size * 2) slots *= 2;
    return slots;
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#arena.length;
  }

  /** The offset the id has, or -1. */
  find(id: PackedId): number {
    const slot = this.#slot(id);
    return this.#slots[slot] === 0 ? forgotten : this.#offset(this.#slots[slot + 1]!);
  }

  /** The offset the id has, or -1 after giving it this one. */
  findOrAdd(id: PackedId, offset: number): number {
    const slot = this.#slot(id);
    if (this.#slots[slot] !== 0) {
      const place = this.#slots[slot + 1]!;
      const earlier = this.#offset(place);
      if (earlier === forgotten) this.#setOffset(place, offset);
      return earlier;
    }
    this.#slots[slot] = id.hash;
    this.#slots[slot + 1] = this.#keep(id, offset);
    if (++this.size * 2 > this.#mask + 1) this.#growSlots();
    return forgotten;
  }

  /** Takes back what has an offset from `offset` on. */
  forgetFrom(offset: number): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot += 2) {
      if (slots[slot] !== 0 && this.#offset(slots[slot + 1]!) >= offset) {
        this.#setOffset(slots[slot + 1]!, forgotten);
      }
    }
  }

  /** Where the id's slot is in `#slots`, or the empty one where it belongs. */
  #slot(id: PackedId): number {
    const { hash } = id;
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (;;) {
      const found = slots[slot * 2]!;
      if (found === 0) return slot * 2;
      if (found === hash && this.#holds(slots[slot * 2 + 1]!, id)) return slot * 2;
      slot = (slot + 1) & this.#mask;
    }
  }

  #holds(at: number, { tag, bytes, start, end }: PackedId): boolean {
    const arena = this.#arena;
    if (arena[at] !== tag) return false;
    for (let i = start, mine = at + entryHeaderBytes; i < end; i++)
      if (arena[mine++] !== bytes[i]) return false;
    return true;
  }

  /** Puts the id into the arena; returns where. */
  #keep({ tag, bytes, start, end }: PackedId, offset: number): number {
    const at = this.#used;
    this.#used += entryHeaderBytes + end - start;
    if (this.#used > this.#arena.length) this.#growArena(at);
    this.#arena[at] = tag;
    this.#setOffset(at, offset);
    // A UUID's 16 bytes: a loop is quicker than a native call.
    const arena = this.#arena;
    for (let from = start, to = at + entryHeaderBytes; from < end; ) arena[to++] = bytes[from++]!;
    return at;
  }

  #offset(at: number): number {
    return this.#arena.readUInt32LE(at + 1) + this.#arena.readUInt16LE(at + 5) * 2 ** 32 - 1;
  }

  #setOffset(at: number, offset: number): void {
    const arena = this.#arena;
    const low = (offset + 1) >>> 0;
    const high = Math.floor((offset + 1) / 2 ** 32);
    arena[at + 1] = low;
    arena[at + 2] = low >>> 8;
    arena[at + 3] = low >>> 16;
    arena[at + 4] = low >>> 24;
    arena[at + 5] = high;
    arena[at + 6] = high >>> 8;
  }

  #growArena(used: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#arena.length * 2));
    this.#arena.copy(larger, 0, 0, used);
    this.#arena = larger;
  }

  #growSlots(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 2);
    this.#slots = slots;
    this.#mask = slots.length / 2 - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let slot = old[from]! & this.#mask;
      while (slots[slot * 2] !== 0) slot = (slot + 1) & this.#mask;
      slots[slot * 2] = old[from]!;
      slots[slot * 2 + 1] = old[from + 1]!;
    }
  }
}

export const fewestSlots = 256;

const forgotten = -1;
const entryHeaderBytes = 7;
