/**
 * Reads one HTTP/1.1 response at a time from the chunks of a connection (RFC 9112). Hot path: the head is scanned once,
 * byte by byte, nothing is decoded and nothing allocated unless the reply is kept.
 */

export type Parsed = "more" | "done" | "garbage";

const maxHeadBytes = 64 * 1024;
const maxChunkLineBytes = 1024;

const state = {
  head: 0,
  counted: 1,
  chunkSize: 2,
  chunkData: 3,
  chunkEnd: 4,
  trailer: 5,
  untilClose: 6,
} as const;
type State = (typeof state)[keyof typeof state];

const cr = 13;
const lf = 10;

export class ResponseParser {
  status = 0;
  /** Of the body, without chunk framing. */
  bodyBytes = 0;
  /** The connection may carry another request. */
  keepAlive = true;
  /** Why the answer is garbage. */
  reason = "";
  #state: State = state.head;
  #left = 0;
  #keep = false;
  #bodyless = false;
  #head: Uint8Array | undefined;
  #line = "";
  #body: Uint8Array[] = [];

  /** Before each request. `isHead`: its answer has no body whatever it says. `keep`: head and body are asked for. */
  begin(isHead: boolean, keep: boolean): void {
    this.status = 0;
    this.bodyBytes = 0;
    this.keepAlive = true;
    this.#state = state.head;
    this.#keep = keep;
    this.#bodyless = isHead;
    this.#line = "";
    if (this.#body.length > 0) this.#body = [];
    this.#head = undefined;
  }

  /** True before the first byte of an answer: then a close is a server that hung up rather than a broken answer. */
  get untouched(): boolean {
    return this.#state === state.head && this.#head === undefined;
  }

  /** Status line and header lines, when kept. */
  get headText(): string {
    return this.#head === undefined ? "" : Buffer.from(this.#head).toString("latin1");
  }

  /** The body, when kept. */
  body(): Uint8Array {
    return this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
  }

  /** The other side has closed: an answer without a length is complete by that. */
  end(): Parsed {
    return this.#state === state.untilClose ? "done" : "garbage";
  }

  push(chunk: Uint8Array): Parsed {
    let at = 0;
    if (this.#state === state.head) {
      at = this.#readHead(chunk);
      if (at === -1) return "more";
      if (at === -2) return "garbage";
      if (this.status < 200) {
        // An interim answer (100, 103) comes before the real one.
        this.#head = undefined;
        return at === chunk.length ? "more" : this.push(chunk.subarray(at));
      }
      if (this.#ended()) return this.#finish(chunk, at);
    }
    return this.#readBody(chunk, at);
  }

  #ended(): boolean {
    return this.#state === state.counted && this.#left === 0;
  }

  #finish(chunk: Uint8Array, at: number): Parsed {
    if (at < chunk.length) return this.#garbage("more bytes than the answer's length");
    return "done";
  }

  #garbage(reason: string): "garbage" {
    this.reason = reason;
    return "garbage";
  }

  /** Where the body begins in `chunk`; -1 when the head is not whole yet, -2 when it is none. */
  #readHead(chunk: Uint8Array): number {
    const before = this.#head?.length ?? 0;
    const bytes = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const checked = Math.min(bytes.length, 5);
    for (let i = 0; i < checked; i++) {
      if (bytes[i] !== httpSlash[i]) {
        this.reason = "the answer does not begin with HTTP/";
        return -2;
      }
    }
    const end = headEnd(bytes, Math.max(0, before - 3));
    if (end === -1) {
      if (bytes.length > maxHeadBytes) {
        this.reason = `a head of over ${maxHeadBytes} bytes`;
        return -2;
      }
      this.#head = bytes === chunk ? chunk.slice() : bytes;
      return -1;
    }
    if (!this.#readHeadLines(bytes, end)) return -2;
    this.#head = this.#keep ? bytes.subarray(0, end) : undefined;
    return end - before;
  }

  #readHeadLines(bytes: Uint8Array, end: number): boolean {
    // HTTP/1.x SSS
    const status = (bytes[9]! - 48) * 100 + (bytes[10]! - 48) * 10 + (bytes[11]! - 48);
    if (bytes[5] !== 49 || bytes[8] !== 32 || !(status >= 100 && status <= 599)) {
      this.reason = "the status line is not HTTP/1.x with a status from 100 to 599";
      return false;
    }
    this.status = status;
    this.keepAlive = bytes[7] !== 48;
    let length = -1;
    let chunked = false;
    let at = 12;
    for (;;) {
      while (bytes[at] !== lf) at++;
      at++;
      if (at >= end - 1) break;
      // Only three headers matter, told apart by their first letter before anything else is looked at.
      const first = bytes[at]! | 32;
      if (first === 99) {
        if (isHeader(bytes, at, contentLength)) {
          length = readLength(bytes, at + contentLength.length, end);
          if (length === -1) {
            this.reason = "the Content-Length is not a number";
            return false;
          }
        } else if (isHeader(bytes, at, connection)) {
          this.keepAlive = !valueHas(bytes, at + connection.length, close);
        }
      } else if (first === 116 && isHeader(bytes, at, transferEncoding)) {
        chunked = valueHas(bytes, at + transferEncoding.length, chunkedWord);
      }
    }
    this.#frameBody(status, length, chunked);
    return true;
  }

  #frameBody(status: number, length: number, chunked: boolean): void {
    if (status < 200) {
      this.#state = state.head;
    } else if (this.#bodyless || status === 204 || status === 304) {
      this.#state = state.counted;
      this.#left = 0;
    } else if (chunked) {
      this.#state = state.chunkSize;
    } else if (length >= 0) {
      this.#state = state.counted;
      this.#left = length;
    } else {
      this.#state = state.untilClose;
      this.keepAlive = false;
    }
  }

  #readBody(chunk: Uint8Array, from: number): Parsed {
    let at = from;
    while (at < chunk.length) {
      switch (this.#state) {
        case state.counted:
        case state.chunkData: {
          const taken = Math.min(this.#left, chunk.length - at);
          this.#take(chunk, at, at + taken);
          at += taken;
          this.#left -= taken;
          if (this.#left > 0) return "more";
          if (this.#state === state.counted) return this.#finish(chunk, at);
          this.#state = state.chunkEnd;
          break;
        }
        case state.untilClose:
          this.#take(chunk, at, chunk.length);
          return "more";
        default: {
          const next = this.#readChunkLine(chunk, at);
          if (next === -1) return "more";
          if (next === -2) return "garbage";
          at = next;
          if (this.#state === state.head) return this.#finish(chunk, at);
        }
      }
    }
    return "more";
  }

  #take(chunk: Uint8Array, from: number, to: number): void {
    this.bodyBytes += to - from;
    if (this.#keep && to > from) this.#body.push(chunk.subarray(from, to));
  }

  /** A line of chunk framing; lines may be split anywhere. -1: not whole yet, -2: garbage. */
  #readChunkLine(chunk: Uint8Array, from: number): number {
    const end = chunk.indexOf(lf, from);
    const part = Buffer.from(chunk.buffer, chunk.byteOffset + from, (end === -1 ? chunk.length : end) - from);
    this.#line += part.toString("latin1");
    if (this.#line.length > maxChunkLineBytes) {
      this.reason = "a chunk's line is too long";
      return -2;
    }
    if (end === -1) return -1;
    const line = this.#line.charCodeAt(this.#line.length - 1) === cr ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    if (this.#state === state.chunkSize) {
      const size = /^([0-9a-f]{1,12})\s*(;.*)?$/i.exec(line)?.[1];
      if (size === undefined) {
        this.reason = "a chunk's size is not hexadecimal";
        return -2;
      }
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? state.trailer : state.chunkData;
    } else if (this.#state === state.chunkEnd) {
      if (line !== "") {
        this.reason = "a chunk is longer than its size";
        return -2;
      }
      this.#state = state.chunkSize;
    } else if (line === "") {
      this.#state = state.head;
    }
    return end + 1;
  }
}

const letters = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const httpSlash = letters("HTTP/");
const contentLength = letters("content-length:");
const connection = letters("connection:");
const transferEncoding = letters("transfer-encoding:");
const close = letters("close");
const chunkedWord = letters("chunked");

/** Just after the empty line, or -1. */
function headEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] !== lf) continue;
    if (bytes[at + 1] === lf) return at + 2;
    if (bytes[at + 1] === cr && bytes[at + 2] === lf) return at + 3;
  }
  return -1;
}

/** `name` is in lower case; the colon is not a letter, but setting its case bit leaves it as it is. */
function isHeader(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 1; i < name.length; i++) if ((bytes[at + i]! | 32) !== (name[i]! | 32)) return false;
  return true;
}

function readLength(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (bytes[at] === 32 || bytes[at] === 9) at++;
  const first = at;
  let length = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  while (bytes[at] === 32 || bytes[at] === 9) at++;
  const ends = bytes[at] === cr || bytes[at] === lf;
  return at === first || !ends || !Number.isSafeInteger(length) ? -1 : length;
}

/** The line that goes on at `from` holds `word`. */
function valueHas(bytes: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let at = from; bytes[at] !== lf; at++) {
    let same = 0;
    while (same < word.length && (bytes[at + same]! | 32) === word[same]) same++;
    if (same === word.length) return true;
  }
  return false;
}
