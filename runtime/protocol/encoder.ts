import { MicrocosmError } from "../../sdk/errors.ts";
import {
  creditBytes,
  deadlineBytes,
  emptyBytes,
  type Frames,
  flagStreamed,
  headerBytes,
  helloMagic,
  Kind,
  maxBodyBytes,
  maxHeadBytes,
  protocolVersion,
} from "./frame.ts";
import { errorToHead, HeadCodec } from "./head.ts";
import { PlainWriter } from "./plain-writer.ts";
import { utf8Write } from "./text.ts";

/** An encoder's own buffer; another, more than four times as large, left by a burst, is given back. */
const restingBytes = 64 * 1024;
/**
 * One larger buffer for whichever encoder of the process needs one next: a link under load outgrows its own in every turn,
 * and fresh memory costs more than what is written there. No larger than this.
 */
const maxSpareBytes = 1024 * 1024;
let spare: Uint8Array | undefined;
/** Room looked for before a head's length is known; heads over it are packed elsewhere and copied. */
const plainHeadRoom = 2048;

/**
 * Hot path. A call of 223 bytes of head and its reply of 34 + 200 cost 1.8 µs in all, both ends together, socket
 * included (bench/transport.ts, Bun 1.4.5); with msgpackr alone for the heads it was 5.7. What shaped it: strings go into
 * the frame by one native call, without a length pass; nothing is allocated per frame; the kernel gets one write.
 *
 * Writes frames one after the other into a growing buffer, from which the owner sends: `length` bytes of `bytes`
 * from `offset` on wait, `sent(n)` says that the first n of them left.
 */
export class FrameEncoder implements Frames<Uint8Array | string> {
  readonly #filled: () => void;
  readonly #heads = new HeadCodec();
  readonly #plain = new PlainWriter();
  readonly #resting = new Uint8Array(restingBytes);
  #bytes: Uint8Array = this.#resting;
  #view = viewOf(this.#bytes);
  #from = 0;
  #to = 0;

  /** `filled` is called when the first bytes come into the empty buffer: the moment to plan a write. */
  constructor(filled: () => void) {
    this.#filled = filled;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get offset(): number {
    return this.#from;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  sent(count: number): void {
    this.#from += count;
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
      if (this.#bytes.length > restingBytes * 4) this.#rest();
    }
  }

  hello(service: string, instance: string, generation: number): void {
    this.#frame(Kind.hello, 0, 0, [helloMagic, service, instance, generation], emptyBytes, -1);
  }

  /** Throws `body-too-large` when head or body is over its bound; nothing was written then. */
  call(stream: number, deadline: number, head: unknown, body: Uint8Array | string, streamed: boolean): void {
    this.#frame(Kind.call, streamed ? flagStreamed : 0, stream, head, body, deadline);
  }

  /** Throws like `call`. */
  reply(stream: number, head: unknown, body: Uint8Array | string, streamed: boolean): void {
    this.#frame(Kind.reply, streamed ? flagStreamed : 0, stream, head, body, -1);
  }

  fail(stream: number, error: MicrocosmError): void {
    this.#frame(Kind.fail, 0, stream, errorToHead(error), emptyBytes, -1);
  }

  chunk(stream: number, bytes: Uint8Array): void {
    const at = this.#reserve(headerBytes + bytes.length);
    this.#bytes.set(bytes, at + headerBytes);
    this.#finish(at, at + headerBytes + bytes.length, Kind.chunk, 0, stream, 0);
  }

  end(stream: number): void {
    this.#bare(Kind.end, stream);
  }

  credit(stream: number, bytes: number): void {
    const at = this.#reserve(headerBytes + creditBytes);
    this.#view.setUint32(at + headerBytes, bytes, true);
    this.#finish(at, at + headerBytes + creditBytes, Kind.credit, 0, stream, 0);
  }

  stop(stream: number): void {
    this.#bare(Kind.stop, stream);
  }

  cancel(stream: number): void {
    this.#bare(Kind.cancel, stream);
  }

  /** Throws like `call`. */
  notify(head: unknown, body: Uint8Array): void {
    this.#frame(Kind.notify, 0, 0, head, body, -1);
  }

  goaway(error: MicrocosmError | undefined): void {
    if (error === undefined) this.#bare(Kind.goaway, 0);
    else this.#frame(Kind.goaway, 0, 0, errorToHead(error), emptyBytes, -1);
  }

  #bare(kind: Kind, stream: number): void {
    const at = this.#reserve(headerBytes);
    this.#finish(at, at + headerBytes, kind, 0, stream, 0);
  }

  /** `deadline` is -1 for the kinds that carry none. */
  #frame(
    kind: Kind,
    flags: number,
    stream: number,
    head: unknown,
    body: Uint8Array | string,
    deadline: number,
  ): void {
    // A UTF-16 unit takes three bytes of UTF-8 at the most, so no second pass is needed to count them.
    const bodyBound = typeof body === "string" ? body.length * 3 : body.length;
    const before = headerBytes + (deadline === -1 ? 0 : deadlineBytes);
    let at = this.#reserve(before + plainHeadRoom + bodyBound);
    let bodyStart = this.#plain.write(head, this.#bytes, at + before, this.#bytes.length - bodyBound);
    if (bodyStart === -1) {
      const packed = this.#heads.pack(head);
      at = this.#reserve(before + (packed.end - packed.start) + bodyBound);
      bodyStart = at + before + packed.copy(this.#bytes, at + before, packed.start, packed.end);
    }
    const headLength = bodyStart - at - before;
    if (headLength > maxHeadBytes) throw tooLong("head", headLength, maxHeadBytes);
    if (deadline !== -1) this.#view.setFloat64(at + headerBytes, deadline, true);
    let bodyLength = 0;
    if (typeof body !== "string") {
      bodyLength = body.length;
      if (bodyLength > 0) this.#bytes.set(body, bodyStart);
    } else if (body.length > 0) {
      bodyLength = utf8Write.call(this.#bytes, body, bodyStart, bodyBound);
    }
    if (bodyLength > maxBodyBytes) throw tooLong("body", bodyLength, maxBodyBytes);
    this.#finish(at, bodyStart + bodyLength, kind, flags, stream, headLength);
  }

  #finish(at: number, to: number, kind: Kind, flags: number, stream: number, headLength: number): void {
    const view = this.#view;
    view.setUint32(at, to - at, true);
    view.setUint8(at + 4, protocolVersion);
    view.setUint8(at + 5, kind);
    view.setUint16(at + 6, flags, true);
    view.setUint32(at + 8, stream, true);
    view.setUint32(at + 12, headLength, true);
    this.#to = to;
    if (at === 0) this.#filled();
  }

  /** Makes room for `count` bytes and returns where they begin. */
  #reserve(count: number): number {
    if (this.#to + count > this.#bytes.length) this.#grow(count);
    return this.#to;
  }

  #grow(count: number): void {
    const waiting = this.#to - this.#from;
    let size = this.#bytes.length;
    while (size < waiting + count) size *= 2;
    // A buffer that only needs its front back is moved, unless that would be done again and again for a few bytes.
    if (size === this.#bytes.length && waiting <= size / 2) {
      this.#bytes.copyWithin(0, this.#from, this.#to);
    } else {
      const larger = takeSpare(size) ?? new Uint8Array(waiting + count > size / 2 ? size * 2 : size);
      larger.set(this.#bytes.subarray(this.#from, this.#to));
      this.#replace(larger);
    }
    this.#from = 0;
    this.#to = waiting;
  }

  #rest(): void {
    const { length } = this.#bytes;
    if (length <= maxSpareBytes && length > (spare?.length ?? 0)) spare = this.#bytes;
    this.#replace(this.#resting);
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

function takeSpare(bytes: number): Uint8Array | undefined {
  if (spare === undefined || spare.length < bytes) return undefined;
  const taken = spare;
  spare = undefined;
  return taken;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function tooLong(part: string, length: number, bound: number): MicrocosmError {
  return new MicrocosmError(
    "body-too-large",
    `a frame's ${part} of ${length} bytes is over the ${bound} of a frame`,
  );
}
