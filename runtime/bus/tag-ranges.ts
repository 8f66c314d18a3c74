/** Collects tags as flat [from, to] pairs, both included. Handlers mostly end in the order in which they began. */
export class TagRanges {
  #ranges: number[] = [];
  #sorted = true;

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  add(tag: number): void {
    const ranges = this.#ranges;
    const last = ranges.length - 1;
    if (last > 0 && tag <= ranges[last]!) this.#sorted = false;
    if (last > 0 && tag === ranges[last]! + 1) ranges[last] = tag;
    else ranges.push(tag, tag);
  }

  /** What was added, in order and joined; begins anew. */
  take(): number[] {
    const ranges = this.#sorted ? this.#ranges : joined(this.#ranges);
    this.clear();
    return ranges;
  }

  clear(): void {
    this.#ranges = [];
    this.#sorted = true;
  }
}

function joined(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort(([a], [b]) => a - b);
  const result: number[] = [];
  for (const [from, to] of pairs) {
    const last = result.length - 1;
    if (last > 0 && from <= result[last]! + 1) result[last] = Math.max(result[last]!, to);
    else result.push(from, to);
  }
  return result;
}
