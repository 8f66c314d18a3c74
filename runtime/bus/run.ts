import { recordLength } from "./record.ts";

/**
 * Events that follow each other in the log, have no key, and went to one consumer together, for the first time: one object
 * for all of them, where each would need an Entry. One that fails, or is given back, becomes an entry of its own.
 */
export class Run {
  /** Of the first event. */
  readonly offset: number;
  /** The block they lie in, and the bytes of it from the first to behind the last. */
  readonly records: Buffer;
  readonly from: number;
  to: number;
  count = 1;
  /** The consumer's tag of the first; the others follow. */
  tag = 0;
  /** Ms since the epoch; what is not acknowledged by then counts as lost. */
  readonly due: number;
  /** The subscription was moved while this was in flight: its outcome no longer counts. */
  detached = false;
  #knownOffset: number;
  #knownAt: number;

  constructor(offset: number, records: Buffer, from: number, to: number, due: number) {
    this.offset = offset;
    this.records = records;
    this.from = from;
    this.to = to;
    this.due = due;
    this.#knownOffset = offset;
    this.#knownAt = from;
  }

  /** The next `count` records of the block, up to `to`, belong to it too. */
  extend(to: number, count = 1): void {
    this.to = to;
    this.count += count;
  }

  offsetOf(tag: number): number {
    return this.offset + tag - this.tag;
  }

  /** Where the record at `offset` begins. Records have no index: quick when asked in order. */
  locate(offset: number): number {
    if (offset < this.#knownOffset) {
      this.#knownOffset = this.offset;
      this.#knownAt = this.from;
    }
    for (; this.#knownOffset < offset; this.#knownOffset++)
      this.#knownAt += recordLength(this.records, this.#knownAt);
    return this.#knownAt;
  }
}
