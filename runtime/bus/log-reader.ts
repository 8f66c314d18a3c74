import { recordIsKeyed, recordLength } from "./record.ts";
import type { Block } from "./store.ts";
import type { TopicLog } from "./topic-log.ts";

/** Walks a topic's records forward. What it found is in its fields until the next step: no object per event. */
export class LogReader {
  readonly #log: TopicLog;
  #block: Block | undefined;
  /** Byte position of the record after the one found, and its offset. */
  #nextAt = 0;
  #nextOffset = -1;
  records: Buffer = Buffer.alloc(0);
  at = 0;
  length = 0;

  constructor(log: TopicLog) {
    this.#log = log;
  }

  /** Whether the record found has a key. */
  get keyed(): boolean {
    return recordIsKeyed(this.records, this.at);
  }

  /** Goes on to the next record, if it lies in the same block and has no key; else stays where it is. */
  nextKeyless(): boolean {
    const block = this.#block;
    if (block === undefined || this.#nextOffset >= block.firstOffset + block.count) return false;
    if (recordIsKeyed(this.records, this.#nextAt)) return false;
    this.at = this.#nextAt;
    this.length = recordLength(this.records, this.at);
    this.#nextAt += this.length;
    this.#nextOffset++;
    return true;
  }

  /** How many records of its block follow the one found, when it is known that none of the block has a key; else 0. */
  get keylessRest(): number {
    const block = this.#block;
    if (block === undefined || block.keylessBytes === 0) return 0;
    return block.firstOffset + block.count - this.#nextOffset;
  }

  /** Where they end. */
  get keylessEnd(): number {
    return this.#block?.keylessBytes ?? 0;
  }

  /** Goes on behind them, without a look at any. */
  passKeylessRest(): void {
    this.#nextOffset += this.keylessRest;
    this.#nextAt = this.keylessEnd;
  }

  /** Finds the record at `offset`, which the log must hold; false when it does not. Quick when called in order. */
  find(offset: number): boolean {
    let block = this.#block;
    if (block === undefined || offset !== this.#nextOffset || offset >= block.firstOffset + block.count) {
      block = this.#log.block(offset);
      this.#block = block;
      if (block === undefined || block.firstOffset > offset) return false;
      this.#nextAt = 0;
      for (let i = block.firstOffset; i < offset; i++)
        this.#nextAt += recordLength(block.records, this.#nextAt);
    }
    this.records = block.records;
    this.at = this.#nextAt;
    this.length = recordLength(block.records, this.at);
    this.#nextAt += this.length;
    this.#nextOffset = offset + 1;
    return true;
  }
}
