/**
 * The event id at hand: where its bytes are, and their hash. A UUID in lower case is its 16 bytes, everything else itself.
 * A UUID's last hexadecimal digit does not count for its hash: the 16 that differ in it only, its family, belong together
 * (id-table.ts).
 * One object is used for all ids, as one each would cost more than the rest.
 */
export class PackedId {
  readonly #uuid = Buffer.from(new ArrayBuffer(uuidBytes));
  readonly #words = new Int32Array(this.#uuid.buffer);
  bytes: Buffer = this.#uuid;
  start = 0;
  end = 0;
  hash = 0;

  /** Length of the id, 0 for a UUID. */
  get tag(): number {
    return this.bytes === this.#uuid ? 0 : this.end - this.start;
  }

  /** Takes the id in `buffer[start, end)`, which must stay unchanged while it is at hand. */
  take(buffer: Buffer, start: number, end: number): void {
    const packed = packUuid(buffer, start, end, this.#uuid);
    this.bytes = packed ? this.#uuid : buffer;
    this.start = packed ? 0 : start;
    this.end = packed ? uuidBytes : end;
    this.hash = packed ? hashFamily(this.#words) : hashBytes(buffer, start, end);
  }
}

const uuidBytes = 16;
/** Of a UUID as text. */
export const uuidLength = 36;
const dash = 45;

/** The last of four bytes is the highest of a word on all machines that Bun runs on. */
const familyOfLastWord = 0xf0ff_ffff;

/** Of the characters 0-9 and a-f; 255 for all others, so that each UUID is the text of one id only. */
export const digitOf = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) digitOf[digit.toString(16).charCodeAt(0)] = digit;

/** Whether `buffer[start, end)` is a UUID in lower case; its bytes are then in `into`. */
function packUuid(buffer: Buffer, start: number, end: number, into: Buffer): boolean {
  if (end - start !== uuidLength) return false;
  let at = start;
  let wrong = 0;
  for (let i = 0; i < uuidBytes; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) wrong |= buffer[at++]! ^ dash;
    const high = digitOf[buffer[at++]!]!;
    const low = digitOf[buffer[at++]!]!;
    wrong |= (high | low) & 240;
    into[i] = (high << 4) | low;
  }
  return wrong === 0;
}

/** Four bytes a step, multiply and rotate as in MurmurHash3 (Austin Appleby, public domain). Ids compare exactly anyway. */
function hashBytes(buffer: Buffer, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mix(hash, buffer.readInt32LE(at));
  let rest = 0;
  for (; at < end; at++) rest = (rest << 8) | buffer[at]!;
  hash = mix(hash, rest);
  return spread(hash);
}

function hashFamily(words: Int32Array): number {
  return spread(mix(mix(mix(mix(uuidBytes, words[0]!), words[1]!), words[2]!), words[3]! & familyOfLastWord));
}

/** Never 0, which stands for an empty place in tables. */
function spread(mixed: number): number {
  let hash = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const next = hash ^ k;
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}
