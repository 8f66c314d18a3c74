import { Packr } from "msgpackr/pack";

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

const binTokens = { bin8: 0xc4, bin16: 0xc5, bin32: 0xc6 };

/** Decodes data that lies within a larger buffer, without a view of its own for each event. */
export class DataReader {
  readonly #range = { start: 0, end: 0 };

  decode(buffer: Buffer, start: number, end: number): unknown {
    const binary = binaryStart(buffer, start, end);
    if (binary !== -1) return copyOf(buffer, binary, end);
    this.#range.start = start;
    this.#range.end = end;
    return codec.unpack(buffer, this.#range);
  }
}

/** A slice of a Buffer is a Buffer, and takes five times as long. */
function copyOf(buffer: Buffer, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  buffer.copy(bytes, 0, start, end);
  return bytes;
}

/** Where the bytes begin when the data is nothing but one binary value; else -1. */
function binaryStart(buffer: Buffer, start: number, end: number): number {
  const rest = end - start;
  switch (buffer[start]) {
    case binTokens.bin8:
      return buffer[start + 1] === rest - 2 ? start + 2 : -1;
    case binTokens.bin16:
      return rest >= 3 && buffer.readUInt16BE(start + 1) === rest - 3 ? start + 3 : -1;
    case binTokens.bin32:
      return rest >= 5 && buffer.readUInt32BE(start + 1) === rest - 5 ? start + 5 : -1;
    default:
      return -1;
  }
}

export function decodeData(bytes: Uint8Array): unknown {
  return codec.unpack(bytes);
}
