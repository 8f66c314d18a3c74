import type { MicrocosmError } from "../../sdk/errors.ts";
import { emptyBytes, type Frames, inlineBodyBytes } from "../protocol/frame.ts";
import { type Deadlines, Expiring } from "./deadlines.ts";
import { type BodyReader, IncomingBodyStream } from "./incoming-body.ts";
import { type BodySender, OutgoingBodyStream } from "./outgoing-body.ts";
import type { IncomingBody, Link, OutgoingBody } from "./transport.ts";

/** The link as its calls see it. */
export interface LinkHost extends Link {
  readonly frames: Frames<Uint8Array | string>;
  readonly deadlines: Deadlines;
  readonly congested: boolean;
  park(body: OutgoingBodyStream): void;
  /** The call is over: its stream id means nothing from now on. */
  forget(call: Exchange): void;
}

/**
 * One call and its bodies as one end of a link sees it: the only object made for a call. The `on…` methods are what
 * the other end said.
 */
export abstract class Exchange extends Expiring implements BodySender, BodyReader {
  readonly id: number;
  readonly host: LinkHost;
  /** Set while a body comes in chunks. */
  incoming: IncomingBodyStream | undefined = undefined;
  /** Set while a body is sent in chunks. */
  outgoing: OutgoingBodyStream | undefined = undefined;

  constructor(host: LinkHost, id: number, deadline: number) {
    super();
    this.host = host;
    this.id = id;
    this.deadline = deadline;
  }

  abstract onEnd(): void;
  abstract onFail(error: MicrocosmError): void;
  abstract bodyAbandoned(): void;
  abstract bodySent(error: MicrocosmError | undefined): void;
  /** The link closed. */
  abstract onClosed(error: MicrocosmError): void;

  /** Chunks of a body that nobody reads any more were on their way; they are dropped. */
  onChunk(bytes: Uint8Array): void {
    this.incoming?.push(bytes);
  }

  onCredit(bytes: number): void {
    this.outgoing?.grant(bytes);
  }

  get congested(): boolean {
    return this.host.congested;
  }

  park(body: OutgoingBodyStream): void {
    this.host.park(body);
  }

  bodyChunk(bytes: Uint8Array): void {
    this.host.frames.chunk(this.id, bytes);
  }

  bodyTaken(bytes: number): void {
    if (this.host.open) this.host.frames.credit(this.id, bytes);
  }

  protected receiveStream(): ReadableStream<Uint8Array> {
    this.incoming = new IncomingBodyStream(this);
    return this.incoming.readable;
  }

  protected sendStream(body: Uint8Array | ReadableStream<Uint8Array>): void {
    this.outgoing = new OutgoingBodyStream(body, this);
    this.outgoing.resume();
  }

  /** Both bodies break off. */
  protected dropBodies(error: MicrocosmError): void {
    this.outgoing?.cancel(error);
    this.outgoing = undefined;
    this.incoming?.error(error);
    this.incoming = undefined;
  }
}

/** True when the body fits in its call's or reply's own frame. */
export function isWhole(body: OutgoingBody): body is Uint8Array | string | null {
  if (body === null) return true;
  if (typeof body === "string") {
    if (body.length * 3 <= inlineBodyBytes) return true;
    return body.length <= inlineBodyBytes && Buffer.byteLength(body) <= inlineBodyBytes;
  }
  return body instanceof Uint8Array && body.length <= inlineBodyBytes;
}

/** What to cut into chunks of a body that is not whole. */
export function toChunked(body: OutgoingBody): Uint8Array | ReadableStream<Uint8Array> {
  if (body === null) return emptyBytes;
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}

/** Tells the producer of a body that will not be sent. */
export function discard(body: OutgoingBody | IncomingBody, reason: MicrocosmError): void {
  if (body instanceof ReadableStream && !body.locked) body.cancel(reason).catch(() => {});
}
