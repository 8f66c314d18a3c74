import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { EventRecord } from "./broker.ts";
import { latin1Slice, utf8Slice, utf8Write } from "../protocol/text.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { DataReader } from "./data.ts";

/**
 * One event as bytes. The publisher writes it, the broker stores and forwards it verbatim, the subscriber reads it;
 * the broker looks at nothing but the lengths, the id and the key. Little-endian; strings are UTF-8.
 *
 * ```
 *  0  u32  length of the record, these 4 bytes included
 *  4  u8   layout, 1
 *  5  u8   flags: 1 type is the topic, 2 has subject, 4 has key, 8 key is the subject, 16 has traceparent
 *  6  u8   bytes of id
 *  7  u8   bytes of source
 *  8  u8   bytes of type
 *  9  u8   bytes of traceparent
 * 10  u16  bytes of subject
 * 12  u16  bytes of key
 * 14  u16  0
 * 16  f64  time, ms since the epoch
 * 24  id, source, type, traceparent, subject, key, then data up to the end
 * ```
 *
 * Hot path: the native calls of text.ts take two thirds of what `write` and `toString` of a Buffer take, and all strings of
 * a record are read by one of them.
 */
export const recordHeaderBytes = 24;
const layoutVersion = 1;
const typeIsTopic = 1;
const hasSubject = 2;
const hasKey = 4;
const keyIsSubject = 8;
const hasTraceparent = 16;

/** Longest record. With what a delivery puts before it, it still fits into one frame's body (1 MiB). */
export const maxRecordBytes = 960 * 1024;

const nothing = Buffer.alloc(0);
const fewestBytes = 512;

/** Collects records one behind the other in one buffer. */
export class RecordWriter {
  #buffer: Buffer = nothing;
  #view = viewOf(nothing);
  #capacity = fewestBytes;
  #length = 0;
  #count = 0;
  readonly #buffers: BufferPool | undefined;

  /** `buffers`: where to look for a buffer first. */
  constructor(buffers?: BufferPool) {
    this.#buffers = buffers;
  }

  get bytes(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the record's length. Throws `event-invalid` and leaves the writer as it was. */
  append(topic: string, event: EventRecord): number {
    const { id, source, type, subject, key, traceparent, data } = event;
    const start = this.#length;
    // A UTF-16 unit becomes three bytes of UTF-8 at the most.
    const most =
      recordHeaderBytes +
      3 *
        (id.length +
          source.length +
          type.length +
          (subject?.length ?? 0) +
          (key?.length ?? 0) +
          (traceparent?.length ?? 0)) +
      data.length;
    if (start + most > this.#buffer.length) this.#grow(start + most);
    const buffer = this.#buffer;
    let at = start + recordHeaderBytes;
    let flags = 0;
    const idBytes = writeText(buffer, id, at);
    at += idBytes;
    const sourceBytes = writeText(buffer, source, at);
    at += sourceBytes;
    let typeBytes = 0;
    if (type === topic) flags |= typeIsTopic;
    else at += typeBytes = writeText(buffer, type, at);
    let traceBytes = 0;
    if (traceparent !== undefined) {
      flags |= hasTraceparent;
      at += traceBytes = writeText(buffer, traceparent, at);
    }
    let subjectBytes = 0;
    if (subject !== undefined) {
      flags |= hasSubject;
      at += subjectBytes = writeText(buffer, subject, at);
    }
    let keyBytes = 0;
    if (key !== undefined) {
      flags |= hasKey;
      if (key === subject) flags |= keyIsSubject;
      else at += keyBytes = writeText(buffer, key, at);
    }
    if (idBytes === 0 || (idBytes | sourceBytes | typeBytes | traceBytes) > 255) {
      throw tooLong(topic, "id (1 to 255 bytes), source, type and traceparent (at most 255 bytes each)");
    }
    if (subjectBytes > 65535 || keyBytes > 65535)
      throw tooLong(topic, "subject and key (at most 65535 bytes each)");
    buffer.set(data, at);
    at += data.length;
    const length = at - start;
    if (length > maxRecordBytes) {
      throw new MicrocosmError(
        "body-too-large",
        `An event for ${topic} has ${length} bytes; the limit is ${maxRecordBytes}`,
      );
    }
    const view = this.#view;
    view.setUint32(start, length, true);
    buffer[start + 4] = layoutVersion;
    buffer[start + 5] = flags;
    buffer[start + 6] = idBytes;
    buffer[start + 7] = sourceBytes;
    buffer[start + 8] = typeBytes;
    buffer[start + 9] = traceBytes;
    view.setUint32(start + 10, subjectBytes | (keyBytes << 16), true);
    view.setUint16(start + 14, 0, true);
    view.setFloat64(start + 16, event.time, true);
    this.#length = at;
    this.#count++;
    return length;
  }

  /** What was collected; it is the caller's, and the writer begins a new buffer. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    // About the size of what was taken: batches of one writer are mostly alike, and a copy would cost more.
    this.#capacity = Math.max(fewestBytes, this.#length + (this.#length >> 3));
    this.#buffer = nothing;
    this.#length = 0;
    this.#count = 0;
    return taken;
  }

  #grow(needed: number): void {
    const bytes = Math.max(needed, this.#capacity, this.#buffer.length * 2);
    const larger = this.#buffers?.take(bytes) ?? Buffer.allocUnsafeSlow(bytes);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Up to here a loop is quicker than a native call: 6 ns against 25 to 43 for 6 characters. */
const longestLoop = 16;

/** The caller has made room for three bytes a UTF-16 unit. */
function writeText(buffer: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > longestLoop) return utf8Write.call(buffer, text, at, length * 3);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return utf8Write.call(buffer, text, at, length * 3);
    buffer[at + i] = unit;
  }
  return length;
}

function tooLong(topic: string, what: string): MicrocosmError {
  return new MicrocosmError("event-invalid", `An event for ${topic} breaks the limits of ${what}`);
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Whether `body[from, to)` is exactly `count` well-formed records. It came from another process: nothing else here may
 * be called on bytes that did not pass this.
 */
export function areRecords(body: Buffer, from: number, to: number, count: number): boolean {
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + recordHeaderBytes > to) return false;
    const length = recordLength(body, at);
    if (length > maxRecordBytes || at + length > to || body[at + 4] !== layoutVersion) return false;
    if (body[at + 6] === 0 || recordHeaderBytes + stringBytes(body, at) > length) return false;
    at += length;
  }
  return at === to;
}

/** Bytes of all strings of a record. */
function stringBytes(buffer: Buffer, at: number): number {
  return (
    buffer[at + 6]! +
    buffer[at + 7]! +
    buffer[at + 8]! +
    buffer[at + 9]! +
    uint16(buffer, at + 10) +
    uint16(buffer, at + 12)
  );
}

function uint16(buffer: Buffer, at: number): number {
  return buffer[at]! | (buffer[at + 1]! << 8);
}

export function recordLength(buffer: Buffer, at: number): number {
  return uint16(buffer, at) + uint16(buffer, at + 2) * 65_536;
}

export function recordIsKeyed(buffer: Buffer, at: number): boolean {
  return (buffer[at + 5]! & hasKey) !== 0;
}

/** Where the id's bytes are: from `at + recordHeaderBytes`, this many. */
export function recordIdBytes(buffer: Buffer, at: number): number {
  return buffer[at + 6]!;
}

/** The id as text. */
export function recordId(buffer: Buffer, at: number): string {
  const start = at + recordHeaderBytes;
  return buffer.toString("utf8", start, start + buffer[at + 6]!);
}

/**
 * What events with the same key have in common, or undefined. For comparison only: the key's UTF-8 bytes read as Latin-1,
 * which maps different keys to different strings and is cheaper than decoding.
 */
export function recordKey(buffer: Buffer, at: number): string | undefined {
  const flags = buffer[at + 5]!;
  if ((flags & hasKey) === 0) return undefined;
  const subject =
    at + recordHeaderBytes + buffer[at + 6]! + buffer[at + 7]! + buffer[at + 8]! + buffer[at + 9]!;
  const subjectBytes = buffer.readUInt16LE(at + 10);
  if ((flags & keyIsSubject) !== 0) return buffer.toString("latin1", subject, subject + subjectBytes);
  const key = subject + subjectBytes;
  return buffer.toString("latin1", key, key + buffer.readUInt16LE(at + 12));
}

/** Slices keep the text that they are of alive; a longer one is not worth that. */
const maxSharedText = 1024;

/** Turns records into events. */
export class EventReader {
  #time = Number.NaN;
  #timeText = "";
  #text = "";
  #textStart = 0;
  #at = 0;
  readonly #data = new DataReader();

  /** Decodes a record, its data included. Throws when the data is not MessagePack. */
  read(buffer: Buffer, at: number, topic: string, offset: number, delivery: number): Event {
    const flags = buffer[at + 5]!;
    this.#at = at + recordHeaderBytes;
    const dataStart = this.#at + stringBytes(buffer, at);
    this.#decodeStrings(buffer, dataStart);
    const id = this.#string(buffer, buffer[at + 6]!);
    const source = this.#string(buffer, buffer[at + 7]!);
    const type = (flags & typeIsTopic) !== 0 ? topic : this.#string(buffer, buffer[at + 8]!);
    const traceparent = (flags & hasTraceparent) !== 0 ? this.#string(buffer, buffer[at + 9]!) : undefined;
    const subject = (flags & hasSubject) !== 0 ? this.#string(buffer, uint16(buffer, at + 10)) : undefined;
    let key: string | undefined;
    if ((flags & hasKey) !== 0) {
      key = (flags & keyIsSubject) !== 0 ? subject : this.#string(buffer, uint16(buffer, at + 12));
    }
    const data = this.#data.decode(buffer, dataStart, at + recordLength(buffer, at));
    const event: Mutable<Event> = {
      id,
      source,
      type,
      time: this.#isoTime(buffer.readDoubleLE(at + 16)),
      topic,
      offset,
      delivery,
      data,
    };
    if (subject !== undefined) event.subject = subject;
    if (key !== undefined) event.key = key;
    if (traceparent !== undefined) event.traceparent = traceparent;
    return event;
  }

  /** All strings of a record in one native call; those of ASCII are slices of it. */
  #decodeStrings(buffer: Buffer, end: number): void {
    let bits = 0;
    for (let i = this.#at; i < end; i++) bits |= buffer[i]!;
    this.#textStart = this.#at;
    this.#text =
      bits < 0x80 && end - this.#at <= maxSharedText ? latin1Slice.call(buffer, this.#at, end) : "";
  }

  #string(buffer: Buffer, bytes: number): string {
    const from = this.#at;
    this.#at += bytes;
    if (this.#text === "") return utf8Slice.call(buffer, from, this.#at);
    return this.#text.slice(from - this.#textStart, this.#at - this.#textStart);
  }

  /** Formatting a date costs as much as the rest of the record, and events of a batch mostly share their millisecond. */
  #isoTime(time: number): string {
    if (time !== this.#time) {
      const valid = Number.isFinite(time) && Math.abs(time) <= 8.64e15;
      this.#timeText = new Date(valid ? time : 0).toISOString();
      this.#time = time;
    }
    return this.#timeText;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
