import { fewestSlots, IdTable } from "./id-table.ts";
import { digitOf, PackedId, uuidLength } from "./packed-id.ts";

export interface DedupeOptions {
  /** Ids a generation holds; between one and two generations are remembered. */
  readonly windowIds: number;
  readonly windowMs: number;
}

/**
 * The event ids a topic has seen lately, exact, with the offset each got. An id is remembered for `windowMs` unless
 * `windowIds` later ones came: two generations, the older one dropped whole, so nothing is ever deleted singly.
 *
 * Hot path: a publisher's ids count up (event-ids.ts). Of those that follow each other in a batch only the first is looked
 * up, and every sixteenth; the others are compared with the one before, and with nothing else.
 */
export class Dedupe {
  readonly #options: DedupeOptions;
  readonly #id = new PackedId();
  #young = new IdTable(fewestSlots);
  #old: IdTable | undefined;
  #turnedAt: number;
  #batch: Buffer = nothing;
  #view = viewOf(nothing);
  /** Where the last id begins in the batch, or -1 when what follows it must be looked up. */
  #last = -1;
  /** Of the last id: its last byte, its offset, and its entry. */
  #lastByte = 0;
  #lastOffset = 0;
  #entry = 0;
  /** The last byte from which on an id must be looked up again. */
  #limit = 0;

  constructor(options: DedupeOptions, now: number) {
    this.#options = options;
    this.#turnedAt = now;
  }

  get bytes(): number {
    return this.#young.bytes + (this.#old?.bytes ?? 0);
  }

  /** Ids are read from `batch` from now on; it must stay unchanged until `end`. */
  begin(batch: Buffer, now: number): void {
    this.#batch = batch;
    this.#view = viewOf(batch);
    this.#last = -1;
    if (now - this.#turnedAt >= this.#options.windowMs) this.#turn(now);
  }

  end(): void {
    this.#batch = nothing;
    this.#view = viewOf(nothing);
  }

  /** The offset that the id in `batch[start, end)` got before, or -1 after noting that it now gets `offset`. */
  seen(start: number, end: number, offset: number, now: number): number {
    if (this.#young.size >= this.#options.windowIds) this.#turn(now);
    if (this.#last !== -1 && end - start === uuidLength && this.#follows(start, offset)) {
      this.#young.extend(this.#entry);
      this.#last = start;
      this.#lastByte++;
      this.#lastOffset = offset;
      return -1;
    }
    return this.#lookUp(start, end, offset);
  }

  /** Takes back all ids with offsets from `offset` on: their commit failed. */
  forgetFrom(offset: number): void {
    this.#young.forgetFrom(offset);
    this.#old?.forgetFrom(offset);
  }

  #lookUp(start: number, end: number, offset: number): number {
    const id = this.#id;
    this.#last = -1;
    id.take(this.#batch, start, end);
    const earlier = this.#old?.find(id) ?? -1;
    if (earlier >= 0) return earlier;
    const here = this.#young.find(id);
    if (here >= 0) return here;
    this.#entry = this.#young.add(id, offset);
    if (id.tag !== 0) return -1;
    this.#last = start;
    this.#lastByte = id.bytes[id.end - 1]!;
    this.#lastOffset = offset;
    this.#limit = Math.min(this.#young.nextAbove(id), this.#old?.nextAbove(id) ?? 256);
    return -1;
  }

  /** Whether the UUID at `start` is the last one with one more in its last byte, and gets the next offset. */
  #follows(start: number, offset: number): boolean {
    const byte = this.#lastByte + 1;
    const last = this.#last;
    if (byte >= this.#limit || offset !== this.#lastOffset + 1) return false;
    const batch = this.#batch;
    // What is no digit is 255. The digit before the last one is that of the last id, as the limit is in its family.
    if (digitOf[batch[start + uuidLength - 1]!] !== (byte & 15)) return false;
    const view = this.#view;
    for (let i = 0; i < uuidLength - 4; i += 4)
      if (view.getInt32(start + i) !== view.getInt32(last + i)) return false;
    return (
      view.getInt16(start + uuidLength - 4) === view.getInt16(last + uuidLength - 4) &&
      batch[start + uuidLength - 2] === batch[last + uuidLength - 2]
    );
  }

  #turn(now: number): void {
    this.#old = this.#young.size === 0 ? undefined : this.#young;
    // As many ids are to be expected as before: growing step by step would cost half as much as the rest.
    this.#young = new IdTable(this.#young.slots);
    this.#turnedAt = now;
    this.#last = -1;
  }
}

const nothing = Buffer.from(new ArrayBuffer(0));

function viewOf(batch: Buffer): DataView {
  return new DataView(batch.buffer, batch.byteOffset, batch.length);
}
