const maxTraces = 2048;

/** With 2048 traces one in thirty of all others needs a second look. */
const marks = 1 << 16;

/**
 * Where a trace is marked, by the eight bytes in which its last seven digits lie: they are random in every trace, however it
 * came to be (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag).
 */
function markOf(low: number, high: number): number {
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 16;
}

const bytes = Buffer.alloc(8);
const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);

function markOfId(traceId: string): number {
  bytes.write(`${traceId.slice(25)}-`, "latin1");
  return markOf(words[0]!, words[1]!);
}

/**
 * The traces that the observer asked for, the latest 2048 of them: their late spans are sent too. Thousands of spans are
 * looked through for them at once, so most are told apart by their bytes, without a string being made.
 */
export class WantedTraces {
  /** In the order they were asked for. */
  readonly #ids = new Set<string>();
  /** How many of them have each mark. */
  readonly #marked = new Uint16Array(marks);

  get any(): boolean {
    return this.#ids.size > 0;
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }

  /** False for nearly all that are not wanted. `low` and `high`: the last seven digits and a dash, as they lie in memory. */
  mayHave(low: number, high: number): boolean {
    return this.#marked[markOf(low, high)] !== 0;
  }

  add(traceIds: readonly string[]): void {
    for (const id of traceIds) {
      this.#remove(id);
      this.#ids.add(id);
      this.#marked[markOfId(id)]!++;
    }
    for (const id of this.#ids) {
      if (this.#ids.size <= maxTraces) break;
      this.#remove(id);
    }
  }

  #remove(id: string): void {
    if (this.#ids.delete(id)) this.#marked[markOfId(id)]!--;
  }
}
