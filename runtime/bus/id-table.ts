import type { PackedId } from "./packed-id.ts";

/**
 * Event ids with an offset each, exact. Open addressing with linear probing, load at most a half; the ids lie one behind
 * the other in an arena, a UUID as its 16 bytes. UUIDs that count up in their last digit while their offsets count up too
 * share an entry: a publisher's ids mostly do (event-ids.ts). A family, those that differ in that digit only, has 16 entries
 * at the most, so that no search is long.
 *
 * ```
 *  0  u8   bytes of the id; 0 for a UUID in lower case, which takes 16
 *  1  u48  offset of the first
 *  7  u8   how many ids; 0 when they were taken back
 *  8  the id, of a UUID the first
 * ```
 *
 * Hot path, once for each run of ids. A `Map<string, number>` costs 800 ns here for making, hashing and keeping a fresh
 * string; hashing the id's bytes in place and comparing them in an arena costs a tenth of that.
 */
export class IdTable {
  #mask: number;
  /** Two numbers a slot, side by side because the table is larger than the cache: hash, 0 when empty, and arena position. */
  #slots: Uint32Array;
  #arena = Buffer.allocUnsafeSlow(4096);
  #used = 0;
  #entries = 0;
  /** Ids, which may be more than entries. */
  size = 0;

  /** `slots` is a power of two. */
  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#slots = new Uint32Array(slots * 2);
  }

  /** For a table that holds as many entries as this one. */
  get slots(): number {
    let slots = fewestSlots;
    while (slots < this.#entries * 2) slots *= 2;
    return slots;
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#arena.length;
  }

  /** The offset the id has, or -1. */
  find(id: PackedId): number {
    for (let slot = this.#slot(id, id.hash & this.#mask); this.#slots[slot] !== 0; ) {
      const entry = this.#slots[slot + 1]!;
      const distance = this.#distance(entry, id);
      if (distance >= 0 && distance < this.#arena[entry + 7]!) return this.#first(entry) + distance;
      slot = this.#slot(id, (slot / 2 + 1) & this.#mask);
    }
    return unknown;
  }

  /** Of a UUID's family, the last byte of the first id above it that is here; when there is none, the end of the family. */
  nextAbove(id: PackedId): number {
    const last = id.bytes[id.end - 1]!;
    let next = (last | 15) + 1;
    for (let slot = this.#slot(id, id.hash & this.#mask); this.#slots[slot] !== 0; ) {
      const entry = this.#slots[slot + 1]!;
      const first = last - this.#distance(entry, id);
      if (first > last && first < next && this.#arena[entry + 7] !== 0) next = first;
      slot = this.#slot(id, (slot / 2 + 1) & this.#mask);
    }
    return next;
  }

  /** Notes an id that is not here; returns its entry. */
  add(id: PackedId, offset: number): number {
    this.size++;
    let slot = this.#slot(id, id.hash & this.#mask);
    while (this.#slots[slot] !== 0) {
      const entry = this.#slots[slot + 1]!;
      const count = this.#arena[entry + 7]!;
      if (count > 0 && this.#first(entry) + count === offset && this.#distance(entry, id) === count) {
        this.#arena[entry + 7] = count + 1;
        return entry;
      }
      if (count === 0) {
        this.#write(entry, id, offset);
        return entry;
      }
      slot = this.#slot(id, (slot / 2 + 1) & this.#mask);
    }
    const entry = this.#place(id.end - id.start);
    this.#write(entry, id, offset);
    this.#slots[slot] = id.hash;
    this.#slots[slot + 1] = entry;
    if (++this.#entries * 2 > this.#mask + 1) this.#growSlots();
    return entry;
  }

  /** The UUID after the last of this entry was seen, and gets the next offset. The caller knows that it is not here. */
  extend(entry: number): void {
    this.#arena[entry + 7]!++;
    this.size++;
  }

  /** Takes back what has an offset from `offset` on. */
  forgetFrom(offset: number): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot += 2) {
      if (slots[slot] === 0) continue;
      const entry = slots[slot + 1]!;
      const kept = Math.max(0, offset - this.#first(entry));
      if (kept < this.#arena[entry + 7]!) this.#arena[entry + 7] = kept;
    }
  }

  /** Where in `#slots` the next entry with the id, or of its family, is, or an empty one; looks from the slot with number `from` on. */
  #slot(id: PackedId, from: number): number {
    const { hash } = id;
    const slots = this.#slots;
    for (let slot = from; ; slot = (slot + 1) & this.#mask) {
      const found = slots[slot * 2]!;
      if (found === 0) return slot * 2;
      if (found === hash && this.#isOfFamily(slots[slot * 2 + 1]!, id)) return slot * 2;
    }
  }

  #isOfFamily(entry: number, { tag, bytes, start, end }: PackedId): boolean {
    const arena = this.#arena;
    if (arena[entry] !== tag) return false;
    let mine = entry + entryHeaderBytes;
    const last = tag === 0 ? end - 1 : end;
    for (let i = start; i < last; i++) if (arena[mine++] !== bytes[i]) return false;
    return tag !== 0 || arena[mine]! >> 4 === bytes[last]! >> 4;
  }

  /** How far the id is above the first of the entry, which is of its family. */
  #distance(entry: number, { tag, bytes, end }: PackedId): number {
    return tag === 0 ? bytes[end - 1]! - this.#arena[entry + entryHeaderBytes + uuidBytes - 1]! : 0;
  }

  /** Room in the arena for an entry whose id has this many bytes. */
  #place(idBytes: number): number {
    const entry = this.#used;
    this.#used += entryHeaderBytes + idBytes;
    if (this.#used > this.#arena.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#arena.length * 2));
      this.#arena.copy(larger, 0, 0, entry);
      this.#arena = larger;
    }
    return entry;
  }

  #write(entry: number, { tag, bytes, start, end }: PackedId, offset: number): void {
    const arena = this.#arena;
    const high = Math.floor(offset / 2 ** 32);
    arena[entry] = tag;
    arena[entry + 1] = offset;
    arena[entry + 2] = offset >>> 8;
    arena[entry + 3] = offset >>> 16;
    arena[entry + 4] = offset >>> 24;
    arena[entry + 5] = high;
    arena[entry + 6] = high >>> 8;
    arena[entry + 7] = 1;
    // A UUID's 16 bytes: a loop is quicker than a native call.
    for (let from = start, to = entry + entryHeaderBytes; from < end; ) arena[to++] = bytes[from++]!;
  }

  #first(entry: number): number {
    return this.#arena.readUInt32LE(entry + 1) + this.#arena.readUInt16LE(entry + 5) * 2 ** 32;
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

const unknown = -1;
const entryHeaderBytes = 8;
const uuidBytes = 16;
