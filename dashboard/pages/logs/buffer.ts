import type { StoredLog } from "../../../runtime/telemetry/query.ts";

/** Lines a page holds; the oldest leave first, or the newest while someone reads backwards. */
export const maxLines = 10_000;

/** Log lines, oldest first, each once. A new array for each change, so that a page sees that there is one. */
export class LogBuffer {
  #lines: readonly StoredLog[] = [];
  readonly #max: number;

  constructor(max: number = maxLines) {
    this.#max = max;
  }

  get lines(): readonly StoredLog[] {
    return this.#lines;
  }

  /** Id of the newest line; `after` of the next question. */
  get newest(): number | undefined {
    return this.#lines[this.#lines.length - 1]?.id;
  }

  get oldest(): number | undefined {
    return this.#lines[0]?.id;
  }

  clear(): void {
    this.#lines = [];
  }

  /** Newer lines, as the observer gives them: newest first. Returns how many left at the other end. */
  append(newestFirst: readonly StoredLog[]): number {
    const { newest } = this;
    const fresh = newestFirst.filter((line) => newest === undefined || line.id > newest).reverse();
    if (fresh.length === 0) return 0;
    const all = [...this.#lines, ...fresh];
    this.#lines = all.slice(-this.#max);
    return all.length - this.#lines.length;
  }

  /** Older lines, newest first. Those beyond the bound are not taken. Returns how many were. */
  prepend(newestFirst: readonly StoredLog[]): number {
    const { oldest } = this;
    const room = this.#max - this.#lines.length;
    const older = newestFirst.filter((line) => oldest === undefined || line.id < oldest).slice(0, room);
    if (older.length > 0) this.#lines = [...older.reverse(), ...this.#lines];
    return older.length;
  }
}
