import { ChunkedTail } from "./chunked-tail.ts";
import { Fifo } from "../fifo.ts";
import type { Block, Store, StoredTopic } from "./store.ts";
import type { TopicLog } from "./topic-log.ts";

export interface DiskLogOptions {
  readonly maxBytes?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  /** Blocks dropped by one call of `retain`, in one transaction. */
  readonly retainBlocks: number;
}

/** A topic with `durability: disk`. Its newest blocks are also in memory, as far as the shared cache has room. */
export class DiskLog implements TopicLog {
  readonly #store: Store;
  readonly #cache: TailCache;
  readonly #options: DiskLogOptions;
  readonly #id: number;
  readonly #tail = new ChunkedTail();
  #appended: Block[] = [];
  firstOffset: number;
  nextOffset: number;
  bytes: number;

  constructor(store: Store, cache: TailCache, topic: StoredTopic, options: DiskLogOptions) {
    this.#store = store;
    this.#cache = cache;
    this.#options = options;
    this.#id = topic.id;
    this.firstOffset = topic.firstOffset;
    this.nextOffset = topic.nextOffset;
    this.bytes = topic.bytes;
  }

  block(offset: number): Block | undefined {
    if (offset >= this.nextOffset) return undefined;
    const cached = this.#tail.peek();
    if (cached !== undefined && offset >= cached.firstOffset) return this.#tail.find(offset);
    return this.#store.block(this.#id, offset);
  }

  /** Binary search over the offsets: block times never fall, so no index by time is needed. */
  offsetAt(time: number): number {
    let low = this.firstOffset;
    let high = this.nextOffset;
    while (low < high) {
      const block = this.#store.blockTime(this.#id, Math.floor((low + high) / 2));
      if (block === undefined) break;
      if (block.time >= time) high = Math.max(low, block.firstOffset);
      else low = block.firstOffset + block.count;
    }
    return Math.min(low, this.nextOffset);
  }

  append(blocks: readonly Block[]): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    let bytes = this.bytes;
    for (const block of blocks) {
      this.#store.addBlock(this.#id, block);
      bytes += block.records.length;
    }
    this.#store.updateTopic(this.#id, this.firstOffset, last.firstOffset + last.count, bytes);
    this.#appended = [...blocks];
  }

  commit(): void {
    for (const block of this.#appended) {
      this.nextOffset = block.firstOffset + block.count;
      this.bytes += block.records.length;
      const held = this.#tail.append(block);
      if (held > 0) this.#cache.admit(this, held);
    }
    this.#appended = [];
  }

  rollback(): void {
    this.#appended = [];
  }

  retain(now: number): boolean {
    const { maxBytes, maxAgeMs, retainBlocks } = this.#options;
    const tooLarge = maxBytes !== undefined && this.bytes > maxBytes;
    if (this.firstOffset === this.nextOffset) return false;
    const isTooOld = (time: number) => maxAgeMs !== undefined && time < now - maxAgeMs;
    const first = tooLarge ? undefined : this.#store.blockTime(this.#id, this.firstOffset);
    if (!tooLarge && (first === undefined || !isTooOld(first.time))) return false;
    let bytes = this.bytes;
    let firstOffset = this.firstOffset;
    let dropped = 0;
    for (const block of this.#store.oldest(this.#id, retainBlocks)) {
      const newest = block.firstOffset + block.count === this.nextOffset;
      const inTheWay = maxBytes !== undefined && bytes > maxBytes && !newest;
      if (!inTheWay && !isTooOld(block.time)) break;
      bytes -= block.bytes;
      firstOffset = block.firstOffset + block.count;
      dropped++;
    }
    if (dropped === 0) return false;
    this.#store.transaction(() => {
      this.#store.deleteBlocksBefore(this.#id, firstOffset);
      this.#store.updateTopic(this.#id, firstOffset, this.nextOffset, bytes);
    });
    this.firstOffset = firstOffset;
    this.bytes = bytes;
    return dropped === retainBlocks;
  }

  /** For the cache: lets the oldest chunk go. */
  evict(): void {
    this.#tail.shift();
  }
}

/** Bounds the newest chunks of all disk topics, from which subscribers that keep up are served without reading the file. */
export class TailCache {
  readonly #maxBytes: number;
  readonly #order = new Fifo<{ readonly log: DiskLog; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many objects hold them. */
  get chunks(): number {
    return this.#order.length;
  }

  /** `log` has a new chunk, of `bytes` in memory. */
  admit(log: DiskLog, bytes: number): void {
    this.#order.push({ log, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes && this.#order.length > 1) {
      const oldest = this.#order.shift()!;
      this.#bytes -= oldest.bytes;
      oldest.log.evict();
    }
  }
}
