import { Fifo } from "../fifo.ts";
import type { Block } from "./store.ts";
import { findBlock } from "./topic-log.ts";

const fewestChunkBytes = 4096;
const mostChunkBytes = 64 * 1024;
/** From here on a block is a chunk of its own, without a copy. */
const ownChunkBytes = mostChunkBytes / 2;
/** What the objects around a chunk take, near enough. */
const overheadBytes = 512;

/**
 * The newest records of a topic in memory. A lone event is a block of a few hundred bytes, and the objects around it take
 * twice that: small blocks are copied one behind the other into chunks, the first of 4 KiB, each next twice as large, up
 * to 64 KiB. A chunk grows at its end only: who reads it may go on where it was.
 */
export class ChunkedTail {
  readonly #chunks = new Fifo<Chunk>();
  #last: Chunk | undefined;
  #nextBytes = fewestChunkBytes;

  /** How many objects hold it. */
  get chunks(): number {
    return this.#chunks.length;
  }

  /** The oldest chunk. */
  peek(): Block | undefined {
    return this.#chunks.peek();
  }

  /** The chunk that holds `offset` or comes after it. */
  find(offset: number): Block | undefined {
    return findBlock(this.#chunks, offset);
  }

  /** Adds what follows the newest block. Returns how many bytes of memory it took; 0 where a chunk had room. */
  append(block: Block): number {
    if (this.#last?.take(block)) return 0;
    const chunk = this.#chunk(block);
    this.#last = chunk;
    this.#chunks.push(chunk);
    return chunk.records.length + overheadBytes;
  }

  /** Lets the oldest chunk go. */
  shift(): void {
    if (this.#chunks.shift() === this.#last) this.#last = undefined;
  }

  #chunk(block: Block): Chunk {
    const { length } = block.records;
    if (length >= ownChunkBytes) return new Chunk(block, ownBytes(block.records), length);
    const bytes = Math.max(length, this.#nextBytes);
    this.#nextBytes = Math.min(mostChunkBytes, bytes * 2);
    const records = Buffer.allocUnsafeSlow(bytes);
    block.records.copy(records);
    return new Chunk(block, records, length);
  }
}

class Chunk implements Block {
  readonly firstOffset: number;
  count: number;
  time: number;
  readonly records: Buffer;
  keylessBytes: number;
  #used: number;

  constructor({ firstOffset, count, time, keylessBytes }: Block, records: Buffer, used: number) {
    this.firstOffset = firstOffset;
    this.count = count;
    this.time = time;
    this.records = records;
    this.keylessBytes = keylessBytes;
    this.#used = used;
  }

  /** False when there is no room. */
  take({ records, count, time, keylessBytes }: Block): boolean {
    if (this.#used + records.length > this.records.length) return false;
    records.copy(this.records, this.#used);
    this.#used += records.length;
    this.keylessBytes = this.keylessBytes > 0 && keylessBytes > 0 ? this.#used : 0;
    this.count += count;
    this.time = time;
    return true;
  }
}

/** `records`, unless it is a small part of what a socket received at once: that would stay in memory with it. */
function ownBytes(records: Buffer): Buffer {
  if (records.buffer.byteLength <= records.length * 2) return records;
  const own = Buffer.allocUnsafeSlow(records.length);
  records.copy(own);
  return own;
}
