import type { AttributeValue, SpanRecord } from "../model.ts";
import type { Latin1Buffer } from "./latin1-buffer.ts";
import { isContext, isSampled, type SpanIds, spanIdOf, traceIdAt, traceIdOf } from "./trace-context.ts";
import type { SpanShape } from "./span-shape.ts";
import type { WantedTraces } from "./wanted-traces.ts";

/** For `parent`: the parent is the span that the context names. */
export const parentInContext = 0;
/** For `parent`: the span is the root of its trace, and the context its own. */
export const noParent = -1;

export interface SpanOwner {
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
}

/** Bytes of a span's texts where they are copied: its context, then a and b, cut to what is left for each. */
const contextBytes = 55;
const aBytes = 40;
const bBytes = 96;
const textBytes = contextBytes + aBytes + bBytes + 1;
/** The same in words of four bytes, and the two words in which a trace id ends. */
const textWords = textBytes / 4;
const traceEndWord = (traceIdAt + 25) / 4;

/**
 * The last spans of a worker, in parallel arrays. Those to be sent are noted by their place; a span that is overwritten
 * before it was sent is counted as lost. The others stay until they are overwritten, in case their trace is asked for.
 *
 * Hot path: a span that ends costs a handful of stores and no object. Texts of spans that nobody may ever want are copied
 * into bytes instead of kept: thousands of strings that live for a second each are what a generational collector is
 * worst at. Kept, they cost a service that reads one row a third of its time; copied, they cost 0.1 µs.
 */
export class SpanRing {
  readonly #capacity: number;
  readonly #mask: number;
  readonly #ids: SpanIds;
  /** These five grow to the capacity in the first round: filled ahead they take 0.6 MiB of a worker that does nothing. */
  readonly #shapes: SpanShape[] = [];
  readonly #contexts: string[] = [];
  readonly #failures: string[] = [];
  readonly #as: string[] = [];
  readonly #bs: string[] = [];
  readonly #texts: Latin1Buffer;
  /** The same memory. */
  readonly #words: Uint32Array;
  readonly #aLengths: Uint8Array;
  readonly #bLengths: Uint8Array;
  readonly #numbers: Int32Array;
  readonly #parents: Int32Array;
  readonly #starts: Float64Array;
  readonly #durations: Float64Array;
  readonly #ns: Float64Array;
  readonly #ms: Float64Array;
  /** 1: sent, or noted to be sent. Its texts are those in the arrays if it was so from its beginning. */
  readonly #taken: Uint8Array;
  /** Places to be sent, oldest first; as a ring itself. */
  readonly #noted: Float64Array;
  #notedStart = 0;
  #notedEnd = 0;
  /** Spans ever put; the next one's place. */
  #end = 0;
  /** From here on not looked through for wanted traces. */
  #searched = 0;
  #lost = 0;
  #malformed = 0;
  #unsampled = 0;

  /** `capacity` in spans is a power of two. */
  constructor(capacity: number, ids: SpanIds) {
    if (!(Number.isInteger(capacity) && capacity >= 2 && (capacity & (capacity - 1)) === 0)) {
      throw new RangeError(`capacity: expected a power of two, got ${capacity}`);
    }
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#ids = ids;
    this.#words = new Uint32Array(capacity * textWords);
    this.#texts = Buffer.from(this.#words.buffer) as Buffer as Latin1Buffer;
    this.#aLengths = new Uint8Array(capacity);
    this.#bLengths = new Uint8Array(capacity);
    this.#numbers = new Int32Array(capacity);
    this.#parents = new Int32Array(capacity);
    this.#starts = new Float64Array(capacity);
    this.#durations = new Float64Array(capacity);
    this.#ns = new Float64Array(capacity);
    this.#ms = new Float64Array(capacity);
    this.#taken = new Uint8Array(capacity);
    this.#noted = new Float64Array(capacity);
  }

  /** Spans that wait to be sent. */
  get waiting(): number {
    return this.#notedEnd - this.#notedStart;
  }

  put(
    shape: SpanShape,
    context: string,
    number: number,
    parent: number,
    startMs: number,
    durationMs: number,
    failure: string,
    a: string,
    b: string,
    n: number,
    m: number,
    wanted: boolean,
  ): void {
    const place = this.#end++;
    const i = place & this.#mask;
    this.#shapes[i] = shape;
    this.#numbers[i] = number;
    this.#parents[i] = parent;
    this.#starts[i] = startMs;
    this.#durations[i] = durationMs;
    this.#ns[i] = n;
    this.#ms[i] = m;
    this.#taken[i] = 0;
    if (wanted) {
      this.#setTexts(i, context, failure, a, b);
      this.#note(place);
    } else {
      // First round: without holes, which would make the arrays slow for ever.
      if (i === this.#contexts.length) this.#setTexts(i, "", "", "", "");
      this.#unsampled++;
      const at = i * textBytes;
      copy(context, this.#texts, at, contextBytes);
      this.#aLengths[i] = copy(a, this.#texts, at + contextBytes, aBytes);
      this.#bLengths[i] = copy(b, this.#texts, at + contextBytes + aBytes, bBytes);
    }
  }

  /** Notes all spans still here whose trace is wanted. */
  collect(wanted: WantedTraces): void {
    this.#search(Math.max(0, this.#end - this.#capacity), wanted);
  }

  /** As collect, for those put since the last time. */
  collectNew(wanted: WantedTraces): void {
    this.#search(Math.max(this.#searched, this.#end - this.#capacity), wanted);
  }

  /** The oldest spans that wait, at most `limit` of about `maxLength` characters together. */
  take(limit: number, maxLength: number, owner: SpanOwner): SpanRecord[] {
    const records: SpanRecord[] = [];
    let length = 0;
    while (records.length < limit && length < maxLength && this.#notedStart < this.#notedEnd) {
      const place = this.#noted[this.#notedStart++ & this.#mask]!;
      if (place < this.#end - this.#capacity) this.#lost++;
      else {
        const record = this.#record(place & this.#mask, owner);
        this.#forgetTexts(place & this.#mask);
        if (record === undefined) this.#malformed++;
        else {
          records.push(record);
          length += lengthOf(record);
        }
      }
    }
    return records;
  }

  /** How many were to be sent and could not be, since the last time. */
  takeLost(): number {
    const lost = this.#lost + this.#malformed;
    this.#lost = 0;
    this.#malformed = 0;
    return lost;
  }

  /** Spans since the last time of traces that nobody asked for; those asked for later are taken off again. */
  takeUnsampled(): number {
    const count = Math.max(0, this.#unsampled);
    this.#unsampled -= count;
    return count;
  }

  /** All 16,384 spans take 0.3 ms (2.8 ms when each had its id made a string): this runs between requests. */
  #search(from: number, wanted: WantedTraces): void {
    const [taken, words, mask, end] = [this.#taken, this.#words, this.#mask, this.#end];
    for (let place = from; place < end; place++) {
      const i = place & mask;
      if (taken[i] !== 0) continue;
      const word = i * textWords + traceEndWord;
      if (!wanted.mayHave(words[word]!, words[word + 1]!) || !wanted.has(this.#copiedTraceId(i))) continue;
      this.#restore(i);
      this.#note(place);
      this.#unsampled--;
    }
    this.#searched = this.#end;
  }

  #copiedTraceId(i: number): string {
    const at = i * textBytes + traceIdAt;
    return this.#texts.toString("latin1", at, at + 32);
  }

  /** Makes strings of the copied texts again. */
  #restore(i: number): void {
    const text = (from: number, length: number) => this.#texts.toString("latin1", from, from + length);
    const at = i * textBytes;
    this.#contexts[i] = text(at, contextBytes);
    this.#failures[i] = "";
    this.#as[i] = text(at + contextBytes, this.#aLengths[i]!);
    this.#bs[i] = text(at + contextBytes + aBytes, this.#bLengths[i]!);
  }

  #forgetTexts(i: number): void {
    this.#setTexts(i, "", "", "", "");
  }

  #setTexts(i: number, context: string, failure: string, a: string, b: string): void {
    this.#contexts[i] = context;
    this.#failures[i] = failure;
    this.#as[i] = a;
    this.#bs[i] = b;
  }

  #note(place: number): void {
    if (this.#notedEnd - this.#notedStart === this.#capacity) {
      this.#notedStart++;
      this.#lost++;
    }
    this.#noted[this.#notedEnd++ & this.#mask] = place;
    this.#taken[place & this.#mask] = 1;
  }

  /** Undefined when the context came from elsewhere and is none. */
  #record(i: number, owner: SpanOwner): SpanRecord | undefined {
    const context = this.#contexts[i]!;
    if (!isContext(context)) return undefined;
    const shape = this.#shapes[i]!;
    const parent = this.#parents[i]!;
    const failure = this.#failures[i]!;
    const { name, attributes } = shape.describe(this.#as[i]!, this.#bs[i]!, this.#ns[i]!, this.#ms[i]!);
    const traceId = traceIdOf(context);
    const all: Record<string, AttributeValue> = { ...attributes };
    if (failure !== "") all["error.type"] = failure;
    if (!isSampled(context)) all["microcosm.sampled"] = "late";
    const parentSpanId = parent === noParent ? "" : parent > 0 ? this.#ids.idOf(parent) : spanIdOf(context);
    return {
      traceId,
      spanId: this.#ids.idOf(this.#numbers[i]!),
      ...(parentSpanId === "" ? {} : { parentSpanId }),
      name,
      kind: shape.kind,
      ...owner,
      startMs: this.#starts[i]!,
      durationMs: this.#durations[i]!,
      status: failure === "" ? "unset" : "error",
      attributes: all,
      ...(shape.linked === true && parentSpanId !== "" ? { links: [{ traceId, spanId: parentSpanId }] } : {}),
    };
  }
}

/** Characters of a record, near enough. */
function lengthOf({ name, attributes }: SpanRecord): number {
  let length = 256 + name.length;
  for (const key in attributes) {
    const value = attributes[key]!;
    length += key.length + (typeof value === "string" ? value.length : 8);
  }
  return length;
}

/** Below this a loop is quicker than a call into the engine. */
const shortLength = 20;

/** Returns how much of `text` was copied. */
function copy(text: string, to: Latin1Buffer, at: number, most: number): number {
  const { length } = text;
  if (length > shortLength) return to.latin1Write(text, at, Math.min(length, most));
  for (let i = 0; i < length; i++) to[at + i] = text.charCodeAt(i);
  return length;
}
