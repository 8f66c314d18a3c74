/**
 * Bun's native conversions between strings and a range of bytes. They work on any Uint8Array and save the view, the
 * option object or the look-up of an encoding that the declared ways cost (18 ns against 45 for 200 bytes).
 */
interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  /** Characters beyond Latin-1 are cut to their low byte. Returns how many bytes were written. */
  latin1Write(this: Uint8Array, text: string, at: number): number;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  /** Returns how many bytes were written. */
  utf8Write(this: Uint8Array, text: string, at: number, length: number): number;
}

/** Up to this many bytes, a loop is quicker than a native call. */
const loopBytes = 64;
const compare = Buffer.prototype.compare as (
  this: Uint8Array,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
  start: number,
  end: number,
) => number;

/** Whether `wanted` stands in `bytes` from `at` on, and before `end`. */
export function hasAt(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
  const { length } = wanted;
  if (end - at < length) return false;
  if (length > loopBytes) return compare.call(bytes, wanted, 0, length, at, at + length) === 0;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

export const { latin1Slice, latin1Write, utf8Slice, utf8Write } = Buffer.prototype as unknown as NativeText;
