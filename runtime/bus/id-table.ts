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
  #hashes: Uint32Array;
  /** Arena position + 1; 0 is an empty slot. */
  #places: Uint32Array;
  #arena = Buffer.allocUnsafeSlow(4096);
  #used = 0;
  size = 0;

  /** `slots` is a power of two. */
  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#hashes = new Uint32Array(slots);
    this.#places = new Uint32Array(slots);
  }

  /** For a table that holds as many ids as this one. */
  get slots(): number {
    let slots = fewestSlots;
    while (slots < this.size * 2) slots *= 2;
    return slots;
  }

  get bytes(): number {
    return this.#hashes.byteLength + this.#places.byteLength + this.#arena.length;
  }

  /** The offset the id has, or -1. */
  find(id: PackedId): number {
    const place = this.#places[this.#slot(id)]!;
    return place === 0 ? forgotten : this.#offset(place - 1);
  }

  /** The offset the id has, or -1 after giving it this one. */
  findOrAdd(id: PackedId, offset: number): number {
    const slot = this.#slot(id);
    const place = this.#places[slot]!;
    if (place !== 0) {
      const earlier = this.#offset(place - 1);
      if (earlier === forgotten) this.#setOffset(place - 1, offset);
      return earlier;
    }
    this.#hashes[slot] = id.hash;
    this.#places[slot] = this.#keep(id, offset) + 1;
    if (++this.size * 2 > this.#mask + 1) this.#growSlots();
    return forgotten;
  }

  /** Takes back what has an offset from `offset` on. */
  forgetFrom(offset: number): void {
    for (const place of this.#places) {
      if (place !== 0 && this.#offset(place - 1) >= offset) this.#setOffset(place - 1, forgotten);
    }
  }

  /** The id's slot, or the empty one where it belongs. */
  #slot(id: PackedId): number {
    const { hash } = id;
    let slot = hash & this.#mask;
    for (;;) {
      const place = this.#places[slot]!;
      if (place === 0) return slot;
      if (this.#hashes[slot] === hash && this.#holds(place - 1, id)) return slot;
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
    bytes.copy(this.#arena, at + entryHeaderBytes, start, end);
    return at;
  }

  #offset(at: number): number {
    return this.#arena.readUInt32LE(at + 1) + this.#arena.readUInt16LE(at + 5) * 2 ** 32 - 1;
  }

  #setOffset(at: number, offset: number): void {
    this.#arena.writeUInt32LE((offset + 1) >>> 0, at + 1);
    this.#arena.writeUInt16LE(Math.floor((offset + 1) / 2 ** 32), at + 5);
  }

  #growArena(used: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#arena.length * 2));
    this.#arena.copy(larger, 0, 0, used);
    this.#arena = larger;
  }

  #growSlots(): void {
    const [hashes, places] = [this.#hashes, this.#places];
    const slots = hashes.length * 2;
    this.#mask = slots - 1;
    this.#hashes = new Uint32Array(slots);
    this.#places = new Uint32Array(slots);
    for (let old = 0; old < hashes.length; old++) {
      if (places[old] === 0) continue;
      let slot = hashes[old]! & this.#mask;
      while (this.#places[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#hashes[slot] = hashes[old]!;
      this.#places[slot] = places[old]!;
    }
  }
}

export const fewestSlots = 256;

const forgotten = -1;
const entryHeaderBytes = 7;
