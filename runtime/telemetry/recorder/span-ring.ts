import type { Latin1Buffer } from "./latin1-buffer.ts";
import type { SpanShape } from "./span-shape.ts";
import { traceIdAt } from "./trace-context.ts";
import type { WaitingSpans } from "./waiting-spans.ts";
import type { WantedTraces } from "./wanted-traces.ts";

/** Of a span's texts as many bytes are kept: its context, then a and b. */
const contextBytes = 55;
const aBytes = 40;
const bBytes = 96;

/**
 * Where in a record what lies, in bytes. Its numbers come first; then its context, unless it is that of the record before;
 * then a and b.
 */
const startAt = 0;
const durationAt = 8;
const nAt = 16;
const mAt = 24;
const numberAt = 28;
const parentAt = 32;
/** Where in the ring its context lies. */
const contextPlaceAt = 36;
/** Its place among the shapes of its block. */
const shapeAt = 40;
const aLengthAt = 42;
const bLengthAt = 43;
/** In eights of bytes. */
const sizeAt = 44;
/** 1: its trace was asked for, and it waits to be sent. */
const takenAt = 45;
const textAt = 48;
const mostBytes = textAt + contextBytes + 1 + aBytes + bBytes;

/** The two words of four bytes in which a trace id ends, of its context. */
const traceEndAt = traceIdAt + 25;

const blocks = 16;
const leastBytes = blocks * 256;
const greatestBytes = 16 * 1024 * 1024;
/** A route and its statement take turns. */
const shapesLookedThrough = 4;

/**
 * The last spans of a worker whose traces nobody asked for, in case somebody does, until they are overwritten.
 *
 * Hot path: a span that ends costs a few stores, no object and no string. Thousands of objects that live for a second each
 * are what a generational collector is worst at: kept as strings, the texts cost a service that reads one row a third of
 * its time. They are bytes here, packed, and spans of one trace in a row share its context: a request's two spans take 170
 * bytes, and a worker that is busy 1.5 MiB for 16,000 of them.
 *
 * The ring is written block by block, each from its beginning; so it can be read from the oldest block on.
 */
export class SpanRing {
  readonly #blockBytes: number;
  /** The same memory four times. */
  readonly #bytes: Latin1Buffer;
  readonly #doubles: Float64Array;
  readonly #ints: Int32Array;
  readonly #shorts: Uint16Array;
  /** By block. */
  readonly #shapes: SpanShape[][] = [];
  /** By block: where its records end. */
  readonly #ends: number[] = [];
  /** Blocks begun before the present one. */
  #block = 0;
  #at = 0;
  /** From here on a record may not fit any more. */
  #full: number;
  #context = "";
  #contextPlace = 0;
  /** From here on not looked through for wanted traces. */
  #searchedBlock = 0;
  #searchedAt = 0;
  #unsampled = 0;

  /** `bytes`: what it keeps; a span takes 56 to 240. */
  constructor(bytes: number) {
    if (!(bytes >= leastBytes && bytes <= greatestBytes && bytes % (blocks * 8) === 0)) {
      const multiple = blocks * 8;
      throw new RangeError(
        `ringBytes: expected a multiple of ${multiple} from ${leastBytes} to ${greatestBytes}, got ${bytes}`,
      );
    }
    this.#blockBytes = bytes / blocks;
    this.#full = this.#blockBytes - mostBytes;
    this.#doubles = new Float64Array(bytes / 8);
    const { buffer } = this.#doubles;
    this.#bytes = Buffer.from(buffer) as Buffer as Latin1Buffer;
    this.#ints = new Int32Array(buffer);
    this.#shorts = new Uint16Array(buffer);
    for (let block = 0; block < blocks; block++) {
      this.#shapes.push([]);
      this.#ends.push(block * this.#blockBytes);
    }
  }

  /** For what it is given see EndedSpan. A span whose context is none is not kept. */
  put(
    shape: SpanShape,
    context: string,
    number: number,
    parent: number,
    startMs: number,
    durationMs: number,
    a: string,
    b: string,
    n: number,
    m: number,
  ): void {
    if (context.length < contextBytes) return;
    this.#unsampled++;
    if (this.#at > this.#full) this.#nextBlock();
    const at = this.#at;
    const [doubles, ints, bytes] = [this.#doubles, this.#ints, this.#bytes];
    let textPlace = at + textAt;
    if (context !== this.#context) {
      this.#context = context;
      this.#contextPlace = textPlace;
      bytes.latin1Write(context, textPlace, contextBytes);
      textPlace += contextBytes;
    }
    doubles[(at + startAt) >> 3] = startMs;
    doubles[(at + durationAt) >> 3] = durationMs;
    doubles[(at + nAt) >> 3] = n;
    ints[(at + mAt) >> 2] = m;
    ints[(at + numberAt) >> 2] = number;
    ints[(at + parentAt) >> 2] = parent;
    ints[(at + contextPlaceAt) >> 2] = this.#contextPlace;
    this.#shorts[(at + shapeAt) >> 1] = this.#placeOf(shape);
    const aLength = copy(a, bytes, textPlace, aBytes);
    const bLength = copy(b, bytes, textPlace + aLength, bBytes);
    const size = (textPlace + aLength + bLength - at + 7) >> 3;
    bytes[at + aLengthAt] = aLength;
    bytes[at + bLengthAt] = bLength;
    bytes[at + sizeAt] = size;
    bytes[at + takenAt] = 0;
    this.#at = at + size * 8;
  }

  /** Puts all spans still here whose trace is wanted where they wait to be sent. */
  collect(wanted: WantedTraces, to: WaitingSpans): void {
    const oldest = Math.max(0, this.#block - blocks + 1);
    this.#search(oldest, this.#placeOfBlock(oldest), wanted, to);
  }

  /** As collect, of those put since the last time. */
  collectNew(wanted: WantedTraces, to: WaitingSpans): void {
    if (this.#searchedBlock <= this.#block - blocks) this.collect(wanted, to);
    else this.#search(this.#searchedBlock, this.#searchedAt, wanted, to);
  }

  /** Spans since the last time of traces that nobody asked for; those asked for later are taken off again. */
  takeUnsampled(): number {
    const count = Math.max(0, this.#unsampled);
    this.#unsampled -= count;
    return count;
  }

  #nextBlock(): void {
    this.#ends[this.#block % blocks] = this.#at;
    this.#block++;
    const place = this.#block % blocks;
    this.#at = this.#placeOfBlock(this.#block);
    this.#full = this.#at + this.#blockBytes - mostBytes;
    this.#shapes[place] = [];
    // Of a record that will be overwritten before this one.
    this.#context = "";
  }

  #placeOfBlock(block: number): number {
    return (block % blocks) * this.#blockBytes;
  }

  #placeOf(shape: SpanShape): number {
    const shapes = this.#shapes[this.#block % blocks]!;
    const last = shapes.length - 1;
    for (let place = last; place >= 0 && place > last - shapesLookedThrough; place--) {
      if (shapes[place] === shape) return place;
    }
    return shapes.push(shape) - 1;
  }

  /** From `at` in block `from` on. This runs between requests. */
  #search(from: number, at: number, wanted: WantedTraces, to: WaitingSpans): void {
    const [bytes, ints] = [this.#bytes, this.#ints];
    this.#ends[this.#block % blocks] = this.#at;
    for (let block = from; block <= this.#block; block++) {
      const place = block % blocks;
      const end = this.#ends[place]!;
      if (block > from) at = this.#placeOfBlock(block);
      for (; at < end; at += bytes[at + sizeAt]! * 8) {
        if (bytes[at + takenAt] !== 0) continue;
        const context = ints[(at + contextPlaceAt) >> 2]!;
        const word = (context + traceEndAt) >> 2;
        if (!wanted.mayHave(ints[word]!, ints[word + 1]!)) continue;
        if (!wanted.has(this.#text(context + traceIdAt, 32))) continue;
        bytes[at + takenAt] = 1;
        this.#unsampled--;
        this.#restore(at, this.#shapes[place]!, to);
      }
    }
    this.#searchedBlock = this.#block;
    this.#searchedAt = this.#at;
  }

  #restore(at: number, shapes: readonly SpanShape[], to: WaitingSpans): void {
    const [doubles, ints, bytes] = [this.#doubles, this.#ints, this.#bytes];
    const context = ints[(at + contextPlaceAt) >> 2]!;
    const aPlace = at + textAt + (context === at + textAt ? contextBytes : 0);
    const aLength = bytes[at + aLengthAt]!;
    to.add({
      shape: shapes[this.#shorts[(at + shapeAt) >> 1]!]!,
      context: this.#text(context, contextBytes),
      number: ints[(at + numberAt) >> 2]!,
      parent: ints[(at + parentAt) >> 2]!,
      startMs: doubles[(at + startAt) >> 3]!,
      durationMs: doubles[(at + durationAt) >> 3]!,
      failure: "",
      a: this.#text(aPlace, aLength),
      b: this.#text(aPlace + aLength, bytes[at + bLengthAt]!),
      n: doubles[(at + nAt) >> 3]!,
      m: ints[(at + mAt) >> 2]!,
    });
  }

  #text(at: number, length: number): string {
    return this.#bytes.toString("latin1", at, at + length);
  }
}

/** Up to this a loop is quicker than a call into the engine: of texts that are parts of others it is slow. */
const shortLength = 4;

/** Returns how much of `text` was copied. */
function copy(text: string, to: Latin1Buffer, at: number, most: number): number {
  const { length } = text;
  if (length > shortLength) return to.latin1Write(text, at, Math.min(length, most));
  for (let i = 0; i < length; i++) to[at + i] = text.charCodeAt(i);
  return length;
}
