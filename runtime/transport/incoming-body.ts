import { MicrocosmError } from "../../sdk/errors.ts";
import { windowBytes } from "../protocol/frame.ts";

/** What a body that comes in chunks tells its call. */
export interface BodyReader {
  /** `bytes` left the queue for the reader: the sender may send as many again. */
  bodyTaken(bytes: number): void;
  /** The reader wants no more. */
  bodyAbandoned(): void;
}

/** Credit is given back in parts of this size: a frame for every chunk read would double the frames. */
const creditStepBytes = windowBytes / 2;

/**
 * The receiving end of a streamed body: chunks that came and were not read yet, at most `windowBytes` of them, behind
 * a ReadableStream.
 */
export class IncomingBodyStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #reader: BodyReader;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #ungranted = 0;
  #wanted = false;
  #closed = false;
  #ended = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(reader: BodyReader) {
    this.#reader = reader;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#cancelled(),
      },
      // Nothing is taken ahead of the reader; the window does the reading ahead.
      { highWaterMark: 0 },
    );
  }

  /** Throws `bad-frame` when the sender sent more than it had credit for. */
  push(bytes: Uint8Array): void {
    if (this.#closed || this.#ended || bytes.length === 0) return;
    if (this.#queuedBytes + this.#ungranted + bytes.length > windowBytes) {
      throw new MicrocosmError("bad-frame", `a streamed body overran its window of ${windowBytes} bytes`);
    }
    if (this.#wanted) {
      this.#deliver(bytes);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  end(): void {
    this.#ended = true;
    if (this.#queue.length === 0) this.#close();
  }

  /** What is queued is dropped: a reader must not take a part for the whole. */
  error(error: MicrocosmError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#controller.error(error);
  }

  #pull(): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#wanted = true;
      return;
    }
    this.#queuedBytes -= next.length;
    this.#deliver(next);
    if (this.#ended && this.#queue.length === 0) this.#close();
  }

  #deliver(bytes: Uint8Array): void {
    this.#wanted = false;
    this.#ungranted += bytes.length;
    this.#controller.enqueue(bytes);
    if (this.#ungranted >= creditStepBytes && !this.#ended) {
      const granted = this.#ungranted;
      this.#ungranted = 0;
      this.#reader.bodyTaken(granted);
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#controller.close();
  }

  #cancelled(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    // All of it is here already: the sender has nothing left to stop.
    if (!this.#ended) this.#reader.bodyAbandoned();
  }
}
