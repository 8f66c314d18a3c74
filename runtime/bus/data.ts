import { Packr } from "msgpackr";

/**
 * An event's `data` as bytes and back. Plain MessagePack without msgpackr's record extension: stored events are read by
 * later versions and by other processes, which share no structure table with the writer. Binary values are copied out: a
 * view would keep the whole frame they came in.
 */
const codec = new Packr({ useRecords: false, encodeUndefinedAsNil: true, copyBuffers: true });

/** Always a fresh copy; msgpackr packs into a pooled buffer that it goes on writing to. */
export function encodeData(value: unknown): Uint8Array {
  return Uint8Array.prototype.slice.call(codec.pack(value));
}

/** Decodes data that lies within a larger buffer, without a view of its own for each event. */
export class DataReader {
  readonly #range = { start: 0, end: 0 };

  decode(buffer: Buffer, start: number, end: number): unknown {
    this.#range.start = start;
    this.#range.end = end;
    return codec.unpack(buffer, this.#range);
  }
}

export function decodeData(bytes: Uint8Array): unknown {
  return codec.unpack(bytes);
}
