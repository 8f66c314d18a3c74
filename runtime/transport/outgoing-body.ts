import { MicrocosmError } from "../../sdk/errors.ts";
import { chunkBytes, windowBytes } from "../protocol/frame.ts";

/** What a body being sent needs from its call. */
export interface BodySender {
  /** True while the link has so much waiting that bodies pause; `park` has `resume` called when it is over. */
  readonly congested: boolean;
  park(body: OutgoingBodyStream): void;
  bodyChunk(bytes: Uint8Array): void;
  /** All of it was sent, or it broke off with `error`. */
  bodySent(error: MicrocosmError | undefined): void;
}

/**
 * The sending end of a streamed body: cuts it into chunks and sends them as credit and the link allow. A stream is read
 * only when a chunk of it could be sent, so that a slow reader at the other end pauses the producer here.
 */
export class OutgoingBodyStream {
  readonly #sender: BodySender;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Read, or given whole, and not sent yet. */
  #rest: Uint8Array | undefined;
  #credit = windowBytes;
  #reading = false;
  #parked = false;
  #over = false;

  constructor(body: Uint8Array | ReadableStream<Uint8Array>, sender: BodySender) {
    this.#sender = sender;
    if (body instanceof ReadableStream) this.#reader = body.getReader();
    else this.#rest = body;
  }

  /** Sends what may be sent now. */
  resume(): void {
    this.#parked = false;
    while (!this.#over) {
      if (this.#rest === undefined && this.#reader === undefined) {
        this.#finish();
      } else if (this.#credit === 0) {
        return;
      } else if (this.#sender.congested) {
        this.#park();
        return;
      } else if (this.#rest === undefined) {
        this.#read();
        return;
      } else {
        this.#sendChunk(this.#rest);
      }
    }
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > windowBytes) {
      throw new MicrocosmError("bad-frame", `a streamed body was given credit over its window`);
    }
    if (!this.#reading && !this.#parked) this.resume();
  }

  /** Nobody reads it any more: the producer is told, nothing further is sent. */
  cancel(reason: MicrocosmError): void {
    if (this.#over) return;
    this.#over = true;
    this.#rest = undefined;
    // The producer's own failure to stop is not the link's concern.
    this.#reader?.cancel(reason).catch(ignore);
  }

  #sendChunk(rest: Uint8Array): void {
    const size = Math.min(rest.length, chunkBytes, this.#credit);
    this.#credit -= size;
    this.#rest = size === rest.length ? undefined : rest.subarray(size);
    this.#sender.bodyChunk(size === rest.length ? rest : rest.subarray(0, size));
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#reader?.read().then(this.#onRead, this.#onError);
  }

  readonly #onRead = (result: { done: boolean; value?: Uint8Array | undefined }): void => {
    this.#reading = false;
    if (this.#over) return;
    if (result.done) {
      this.#finish();
      return;
    }
    if (!(result.value instanceof Uint8Array)) {
      this.#onError(new TypeError("a streamed body must yield Uint8Array"));
      this.#reader?.cancel().catch(ignore);
      return;
    }
    if (result.value.length > 0) this.#rest = result.value;
    this.resume();
  };

  readonly #onError = (cause: unknown): void => {
    this.#reading = false;
    if (this.#over) return;
    this.#over = true;
    const error =
      cause instanceof MicrocosmError
        ? cause
        : new MicrocosmError("handler-failed", `a streamed body broke off: ${messageOf(cause)}`, { cause });
    this.#sender.bodySent(error);
  };

  #park(): void {
    if (this.#parked) return;
    this.#parked = true;
    this.#sender.park(this);
  }

  #finish(): void {
    this.#over = true;
    this.#sender.bodySent(undefined);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function ignore(): void {}
