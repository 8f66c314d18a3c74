import { latin1Slice } from "../../runtime/protocol/text.ts";
import { BadRequest, malformed, type RequestHead, readFields } from "./request-head.ts";
import { type RequestLine, readRequestLine } from "./request-line.ts";

export const emptyHead: RequestHead = readFields("\r\n", "unknown");
const nothing = new Uint8Array(0);

/** Hot path. The bytes of one connection that are not yet understood: part of a head, or requests sent ahead of their turn. */
export class RequestReader {
  /** Of the last request; the next one's fields are mostly the same. */
  head: RequestHead = emptyHead;
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
    const text = latin1Slice.call(bytes, at, Math.min(bytes.length, at + this.#maxHeadBytes));
    const lineEnd = text.indexOf("\r\n");
    const fieldsAt = lineEnd + 2;
    const known = lineEnd > 0 && this.head !== emptyHead && text.startsWith(this.head.text, fieldsAt);
    const end = known ? fieldsAt + this.head.text.length : endOf(text, lineEnd);
    if (end < 0) {
      this.#checkPart(text);
      return undefined;
    }
    const line = readRequestLine(bytes, at, text, lineEnd);
    if (!known) this.head = readFields(text.slice(fieldsAt, end), this.#addressOf());
    this.#rest = at + end === bytes.length ? nothing : bytes.subarray(at + end);
    if (line.authority !== "") this.head = withHost(this.head, line.authority, this.#addressOf());
    if (this.head.host === "" && line.minor === 1) throw malformed("it has no Host field");
    if (this.head.bodyLength < 0 && line.minor === 0) throw malformed("HTTP/1.0 knows no Transfer-Encoding");
    return line;
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
