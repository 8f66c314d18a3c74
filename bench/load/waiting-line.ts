import type { OutgoingRequest, ReplySink } from "./exchange.ts";

export interface WaitingRequest {
  readonly request: OutgoingRequest;
  readonly intendedMs: number;
  readonly sink: ReplySink;
  readonly context: unknown;
  readonly sinceMs: number;
}

const minCut = 1024;

/** Requests that wait for a connection, first in, first out, bounded. */
export class WaitingLine {
  readonly #max: number;
  #entries: (WaitingRequest | undefined)[] = [];
  /** Entries before this are taken; the array is cut when they are half of a long one, so that a shift costs O(1). */
  #head = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** False when the line is full. */
  push(entry: WaitingRequest): boolean {
    if (this.size >= this.#max) return false;
    this.#entries.push(entry);
    return true;
  }

  shift(): WaitingRequest | undefined {
    if (this.size === 0) return undefined;
    const entry = this.#entries[this.#head];
    this.#entries[this.#head++] = undefined;
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    } else if (this.#head >= minCut && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** Takes out those that have waited since `beforeMs` or longer. */
  expire(beforeMs: number, each: (entry: WaitingRequest) => void): void {
    while (this.size > 0 && this.#entries[this.#head]!.sinceMs <= beforeMs) each(this.shift()!);
  }

  drain(each: (entry: WaitingRequest) => void): void {
    this.expire(Number.POSITIVE_INFINITY, each);
  }
}
