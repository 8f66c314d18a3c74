import type { Fifo } from "../fifo.ts";
import type { Block } from "./store.ts";

/** The events of one topic, in order, from `firstOffset` up to but not including `nextOffset`. */
export interface TopicLog {
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  /** The block that holds `offset`, or the first one after it; undefined at the end. Does not change the log. */
  block(offset: number): Block | undefined;
  /** The first offset that the broker took at `time` or later; `nextOffset` when there is none. */
  offsetAt(time: number): number;
  /** Adds blocks that begin at `nextOffset`. For a disk log this is part of a transaction; see `commit`. */
  append(blocks: readonly Block[]): void;
  /** The appended blocks are on disk: they are readable from now on. */
  commit(): void;
  /** The transaction failed: forgets what was appended since the last commit. */
  rollback(): void;
  /** Drops a bounded number of the oldest blocks that retention lets go; true when there are more. */
  retain(now: number): boolean;
}

/** The block in `blocks` that holds `offset` or comes after it. */
export function findBlock(blocks: Fifo<Block>, offset: number): Block | undefined {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const block = blocks.at(middle)!;
    if (block.firstOffset + block.count > offset) high = middle;
    else low = middle + 1;
  }
  return blocks.at(low);
}

/** Records that lie together, before they have their place in a log. */
export interface Staged {
  readonly records: Buffer;
  readonly count: number;
  /** None of them has a key. */
  readonly keyless: boolean;
}

/** Joins record buffers into blocks of at most `maxBytes`, unless a single buffer is larger. */
export function toBlocks(
  parts: readonly Staged[],
  firstOffset: number,
  time: number,
  maxBytes: number,
): Block[] {
  const blocks: Block[] = [];
  let offset = firstOffset;
  for (let from = 0; from < parts.length; ) {
    let bytes = 0;
    let count = 0;
    let keyless = true;
    let to = from;
    while (to < parts.length && (to === from || bytes + parts[to]!.records.length <= maxBytes)) {
      bytes += parts[to]!.records.length;
      count += parts[to]!.count;
      keyless &&= parts[to]!.keyless;
      to++;
    }
    const records =
      to === from + 1
        ? parts[from]!.records
        : Buffer.concat(
            parts.slice(from, to).map((part) => part.records),
            bytes,
          );
    blocks.push({ firstOffset: offset, count, time, records, keylessBytes: keyless ? bytes : 0 });
    offset += count;
    from = to;
  }
  return blocks;
}
