import { ChunkedTail } from "./chunked-tail.ts";
import { Fifo } from "../fifo.ts";
import type { Block } from "./store.ts";
import type { TopicLog } from "./topic-log.ts";

export interface MemoryLogOptions {
  readonly maxBytes: number;
  readonly maxAgeMs?: number | undefined;
}

/** Numbers a block has in `#blocks`. */
const perBlock = 3;

/** A topic with `durability: memory`: as long as the broker lives, and never more than `maxBytes`. */
export class MemoryLog implements TopicLog {
  readonly #options: MemoryLogOptions;
  readonly #tail = new ChunkedTail();
  /** First offset, time and bytes of each block, one after the other: what retention goes by. */
  readonly #blocks = new Fifo<number>();
  firstOffset = 0;
  nextOffset = 0;
  bytes = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
  }

  /** How many objects hold the records. */
  get chunks(): number {
    return this.#tail.chunks;
  }

  block(offset: number): Block | undefined {
    return this.#tail.find(offset);
  }

  offsetAt(time: number): number {
    for (let i = 0; i < this.#blocks.length; i += perBlock) {
      if (this.#blocks.at(i + 1)! >= time) return this.#blocks.at(i)!;
    }
    return this.nextOffset;
  }

  append(blocks: readonly Block[]): void {
    for (const block of blocks) {
      const { firstOffset, count, time, records } = block;
      this.#tail.append(block);
      this.#blocks.push(firstOffset);
      this.#blocks.push(time);
      this.#blocks.push(records.length);
      this.nextOffset = firstOffset + count;
      this.bytes += records.length;
    }
    while (this.bytes > this.#options.maxBytes && this.#blocks.length > perBlock) this.#drop();
  }

  commit(): void {}

  rollback(): void {}

  retain(now: number): boolean {
    const { maxAgeMs } = this.#options;
    if (maxAgeMs === undefined) return false;
    while (this.#blocks.length > 0 && this.#blocks.at(1)! < now - maxAgeMs) this.#drop();
    return false;
  }

  #drop(): void {
    this.#blocks.shift();
    this.#blocks.shift();
    this.bytes -= this.#blocks.shift()!;
    this.firstOffset = this.#blocks.peek() ?? this.nextOffset;
    const oldest = this.#tail.peek();
    if (oldest !== undefined && oldest.firstOffset + oldest.count <= this.firstOffset) this.#tail.shift();
  }
}
