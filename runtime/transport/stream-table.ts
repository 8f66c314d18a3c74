const leastSlots = 16;

/**
 * Values by stream id, made for coming and going: open addressing with linear probing and backward-shift deletion (Knuth, The
 * Art of Computer Programming, volume 3, 6.4, algorithm R), so that nothing is allocated and nothing is left behind. The
 * engine's `Map` moves to a new table every few dozen deletions, and each table it left points to the next: once one of them
 * is old, young collections keep them all, with what was in them. See docs/performance.md.
 */
export class StreamTable<T> {
  #ids = new Int32Array(leastSlots);
  /** A slot is free where its id is 0. */
  #values: (T | undefined)[] = new Array(leastSlots).fill(undefined);
  #mask = leastSlots - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  get(id: number): T | undefined {
    return this.#values[this.#slotOf(id)];
  }

  /** `id` is 1 to 2³¹ − 1. */
  set(id: number, value: T): void {
    let slot = this.#slotOf(id);
    if (this.#ids[slot] === 0) {
      if (++this.#size * 2 > this.#ids.length) {
        this.#grow();
        slot = this.#slotOf(id);
      }
      this.#ids[slot] = id;
    }
    this.#values[slot] = value;
  }

  /** Of an id that is not there: no effect. */
  delete(id: number): void {
    const ids = this.#ids;
    const mask = this.#mask;
    let free = this.#slotOf(id);
    if (ids[free] === 0) return;
    this.#size--;
    for (let slot = (free + 1) & mask; ids[slot] !== 0; slot = (slot + 1) & mask) {
      // One that lies between its own place and the free slot stays; any other would not be found behind a gap.
      if (((slot - ids[slot]!) & mask) < ((slot - free) & mask)) continue;
      ids[free] = ids[slot]!;
      this.#values[free] = this.#values[slot];
      free = slot;
    }
    ids[free] = 0;
    this.#values[free] = undefined;
  }

  /** A copy: what happens to one of them may take others out. */
  values(): T[] {
    return this.#values.filter((_, slot) => this.#ids[slot] !== 0) as T[];
  }

  /** Where it is, or where it would be put. Ids go up one by one, so that their low bits spread them well. */
  #slotOf(id: number): number {
    const ids = this.#ids;
    const mask = this.#mask;
    let slot = id & mask;
    while (ids[slot] !== 0 && ids[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = new Int32Array(ids.length * 2);
    this.#values = new Array(ids.length * 2).fill(undefined);
    this.#mask = ids.length * 2 - 1;
    for (const [old, id] of ids.entries()) {
      if (id === 0) continue;
      const slot = this.#slotOf(id);
      this.#ids[slot] = id;
      this.#values[slot] = values[old];
    }
  }
}
