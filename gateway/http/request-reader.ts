import { hasAt, latin1Slice } from "../../runtime/protocol/text.ts";
import { BadRequest, malformed, type RequestHead, readFields } from "./request-head.ts";
import { type RequestLine, readRequestLine } from "./request-line.ts";

export const emptyHead: RequestHead = readFields("\r\n", "unknown");
const nothing = new Uint8Array(0);

/** Hot path. The bytes of one connection that are not yet understood: part of a head, or requests sent ahead of their turn. */
export class RequestReader {
  /** Of the last request; the next one's fields are mostly the same. */
  head: RequestHead = emptyHead;
  /** Of its fields with the empty line; none before the first request. */
  #headBytes: Uint8Array = nothing;
  #rest: Uint8Array = nothing;
  readonly #maxHeadBytes: number;
  readonly #addressOf: () => string;

  /** `addressOf` gives the client's address: asked for when fields are read. */
  constructor(maxHeadBytes: number, addressOf: () => string) {
    this.#maxHeadBytes = maxHeadBytes;
    this.#addressOf = addressOf;
  }

  get length(): number {
    return this.#rest.length;
  }

  /** `bytes` must stay unchanged from now on. */
  push(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
  }

  clear(): void {
    this.#rest = nothing;
  }

  /** All that is there, to be given back with `push` as far as it is not used. */
  take(): Uint8Array {
    const rest = this.#rest;
    this.#rest = nothing;
    return rest;
  }

  /** The next request's line, with its fields in `head`; undefined while its head is not whole. Throws BadRequest. */
  next(): RequestLine | undefined {
    const bytes = this.#rest;
    let at = 0;
    // Old clients send a line too much after a body (RFC 9112 §2.2).
    while (at < 4 && (bytes[at] === 13 || bytes[at] === 10)) at++;
    const limit = Math.min(bytes.length, at + this.#maxHeadBytes);
    let lineEnd = bytes.indexOf(13, at);
    const isKnown =
      lineEnd > at &&
      bytes[lineEnd + 1] === 10 &&
      this.#headBytes.length > 0 &&
      hasAt(bytes, lineEnd + 2, limit, this.#headBytes);
    let end = lineEnd + 2 + this.#headBytes.length;
    if (!isKnown) {
      const text = latin1Slice.call(bytes, at, limit);
      lineEnd = at + text.indexOf("\r\n");
      end = endOf(text, lineEnd - at);
      if (end < 0) {
        this.#checkPart(text);
        return undefined;
      }
      end += at;
    }
    const line = readRequestLine(bytes, at, latin1Slice.call(bytes, at, lineEnd), lineEnd - at);
    if (!isKnown) this.#readHead(bytes, lineEnd + 2, end);
    this.#rest = end === bytes.length ? nothing : bytes.subarray(end);
    if (line.authority !== "") {
      this.head = withHost(this.head, line.authority, this.#addressOf());
      // The same fields behind another target are another host's.
      this.#headBytes = nothing;
    }
    if (this.head.host === "" && line.minor === 1) throw malformed("it has no Host field");
    if (this.head.bodyLength < 0 && line.minor === 0) throw malformed("HTTP/1.0 knows no Transfer-Encoding");
    return line;
  }

  #readHead(bytes: Uint8Array, from: number, to: number): void {
    this.head = readFields(latin1Slice.call(bytes, from, to), this.#addressOf());
    this.#headBytes = bytes.slice(from, to);
  }

  /** What can become no request is not waited for. */
  #checkPart(text: string): void {
    if (text.length >= this.#maxHeadBytes) {
      const detail = `A request's head may have ${this.#maxHeadBytes} bytes.`;
      throw new BadRequest(431, "head-too-large", detail);
    }
    if (text.length > 0 && !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(text)) {
      throw malformed("its first line is no request line");
    }
  }
}

/** Looked for from the line's own end on: a request may have no field at all. */
function endOf(text: string, lineEnd: number): number {
  if (lineEnd <= 0) return -1;
  const end = text.indexOf("\r\n\r\n", lineEnd);
  return end < 0 ? -1 : end + 4;
}

/** The target's authority counts, whatever the Host field says (RFC 9112 §3.2.2). */
function withHost(head: RequestHead, authority: string, address: string): RequestHead {
  const others = head.text
    .split("\r\n")
    .filter((line) => !/^host:/i.test(line))
    .join("\r\n");
  return readFields(`Host: ${authority}\r\n${others}`, address);
}
