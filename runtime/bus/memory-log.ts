import { Fifo } from "./fifo.ts";
import type { Block } from "./store.ts";
import { findBlock, type TopicLog } from "./topic-log.ts";

export interface MemoryLogOptions {
  readonly maxBytes: number;
  readonly maxAgeMs?: number | undefined;
}

/** A topic with `durability: memory`: as long as the broker lives, and never more than `maxBytes`. */
export class MemoryLog implements TopicLog {
  readonly #options: MemoryLogOptions;
  readonly #blocks = new Fifo<Block>();
  firstOffset = 0;
  nextOffset = 0;
  bytes = 0;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
  }

  block(offset: number): Block | undefined {
    return findBlock(this.#blocks, offset);
  }

  offsetAt(time: number): number {
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks.at(i)!;
      if (block.time >= time) return block.firstOffset;
    }
    return this.nextOffset;
  }

  append(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.#blocks.push(block);
      this.nextOffset = block.firstOffset + block.count;
      this.bytes += block.records.length;
    }
    while (this.bytes > this.#options.maxBytes && this.#blocks.length > 1) this.#drop();
  }

  commit(): void {}

  rollback(): void {}

  retain(now: number): boolean {
    const { maxAgeMs } = this.#options;
    if (maxAgeMs === undefined) return false;
    while (this.#blocks.length > 0 && this.#blocks.peek()!.time < now - maxAgeMs) this.#drop();
    return false;
  }

  #drop(): void {
    const block = this.#blocks.shift()!;
    this.bytes -= block.records.length;
    this.firstOffset = block.firstOffset + block.count;
  }
}
