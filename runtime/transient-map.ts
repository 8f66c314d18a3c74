/** As many deletions are let be before a new table is worth it. */
const leastDeleted = 32;

/**
 * A Map whose entries come and go. The engine's own moves to a new table every so many deletions, and each table it left
 * points to the next, so that once one of them is old, young collections keep them all with what was in them: memory grows
 * until a full collection, and the young ones take long. This one begins anew, from time to time, in a map that nothing old
 * points to. See docs/performance.md.
 *
 * What walks over `values` may delete, and sees the entries there were when it began.
 */
export class TransientMap<K, V> {
  #map = new Map<K, V>();
  #deleted = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false;
    if (++this.#deleted >= leastDeleted && this.#deleted >= this.#map.size) {
      this.#map = new Map(this.#map);
      this.#deleted = 0;
    }
    return true;
  }

  clear(): void {
    this.#map = new Map();
    this.#deleted = 0;
  }

  /** In the order in which their keys came. */
  values(): MapIterator<V> {
    return this.#map.values();
  }
}
