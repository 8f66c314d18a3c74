import { Packr } from "msgpackr";

/**
 * An event's `data` as bytes and back. Plain MessagePack without msgpackr's record extension: stored events are read by
 * later versions and by other processes, which share no structure table with the writer.
 */
const codec = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** Always a fresh copy; msgpackr packs into a pooled buffer that it goes on writing to. */
export function encodeData(value: unknown): Uint8Array {
  return Uint8Array.prototype.slice.call(codec.pack(value));
}

export function decodeData(bytes: Uint8Array): unknown {
  return codec.unpack(bytes);
}
