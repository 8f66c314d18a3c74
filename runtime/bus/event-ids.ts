import { latin1Slice, latin1Write } from "../protocol/text.ts";

/**
 * Ids of events: UUIDs of version 7 (RFC 9562). The first of each millisecond is a fresh one; those after it count up from
 * there in its last 32 bits (method 2 of section 6.2), which costs half as much, and the broker sees at a glance that
 * they are new (dedupe.ts).
 *
 * Hot path: the text is kept as bytes. Joining two strings would give one that is copied together when it is read.
 */
export class EventIds {
  readonly #text = Buffer.alloc(uuidDigits);
  #time = Number.NaN;
  /** The last 32 bits: 24 of a counter, then a byte. */
  #counter = 0;
  #byte = 0;

  /** `time`: now, ms since the epoch. */
  next(time: number): string {
    const text = this.#text;
    if (time !== this.#time) this.#begin(time);
    else if (++this.#byte === 256) this.#carry();
    text[uuidDigits - 2] = digits[this.#byte >> 4]!;
    text[uuidDigits - 1] = digits[this.#byte & 15]!;
    return latin1Slice.call(text, 0, uuidDigits);
  }

  #begin(time: number): void {
    const uuid = Bun.randomUUIDv7("hex", time);
    latin1Write.call(this.#text, uuid, 0);
    this.#time = time;
    // The upper half of its numbers is left to count into: it does not run over.
    this.#counter = Number.parseInt(uuid.slice(-counterDigits), 16) >>> 9;
    this.#carry();
  }

  #carry(): void {
    const counter = (++this.#counter).toString(16).padStart(counterDigits - 2, "0");
    latin1Write.call(this.#text, counter, uuidDigits - counterDigits);
    this.#byte = 0;
  }
}

const uuidDigits = 36;
const counterDigits = 8;
const digits = Buffer.from("0123456789abcdef");
