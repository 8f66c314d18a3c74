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

export const { latin1Slice, latin1Write, utf8Slice, utf8Write } = Buffer.prototype as unknown as NativeText;
