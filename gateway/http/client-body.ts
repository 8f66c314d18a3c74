import { MicrocosmError } from "../../sdk/errors.ts";
import { ChunkedDecoder } from "./chunked.ts";

/** What a body asks of its connection. */
export interface BodyHost {
  /** The client is to send: answers `Expect: 100-continue`. Called once, when the body is first read. */
  bodyWanted(): void;
  /** Stops and goes on reading from the client. */
  pauseReading(): void;
  resumeReading(): void;
}

/** Read ahead of whoever reads the body; then the client waits. */
const maxQueuedBytes = 64 * 1024;

const nothing = new Uint8Array(0);

/**
 * The body of one request, fed by its connection and read by one reader.
 *
 * ```
 * kept ──▶ read (next, whole) ──▶ ended
 *   │         │                ╲
 *   └─────────┴──▶ discarded     ╲▶ failed: the client left, or what it sent is no body
 * ```
 */
export class ClientBody {
  readonly #host: BodyHost;
  readonly #chunked: ChunkedDecoder | undefined;
  #left: number;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #wanted = false;
  #discarded = false;
  #failure: Error | undefined;
  #waiting: { resolve(chunk: Uint8Array | undefined): void; reject(error: Error): void } | undefined;

  /** `length` in bytes, or -1 for chunked. */
  constructor(host: BodyHost, length: number) {
    this.#host = host;
    this.#left = length;
    this.#chunked = length < 0 ? new ChunkedDecoder() : undefined;
  }

  /** All of it has come. */
  get ended(): boolean {
    return this.#chunked === undefined ? this.#left === 0 : this.#chunked.done;
  }

  /** Whether the rest is worth reading only to keep the connection. */
  get isNearlyEnded(): boolean {
    return this.#chunked === undefined && this.#left <= maxQueuedBytes;
  }

  get wasWanted(): boolean {
    return this.#wanted;
  }

  /** Takes what is the body's in `bytes` from `at` on; returns where it stops. Throws BadRequest. */
  push(bytes: Uint8Array, at: number): number {
    let end = at;
    if (this.#chunked !== undefined) {
      end = this.#chunked.push(bytes, at, (view) => this.#keep(view));
    } else {
      end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      if (end > at) this.#keep(bytes.subarray(at, end));
    }
    if (this.ended && this.#queue.length === 0) this.#hand(undefined);
    return end;
  }

  /** The next piece; undefined at the end. Rejects when the client left or sent no proper body. One reader at a time. */
  next(): Promise<Uint8Array | undefined> {
    this.#want();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#paused && this.#queuedBytes <= maxQueuedBytes / 2) this.#resume();
      return Promise.resolve(chunk);
    }
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** All of it at once, when it has come in one piece already; undefined otherwise. */
  wholeNow(): Uint8Array | undefined {
    if (!this.ended || this.#queue.length > 1 || this.#failure !== undefined) return undefined;
    this.#want();
    this.#queuedBytes = 0;
    return this.#queue.pop() ?? nothing;
  }

  /** All of it, for a body that may be held in memory. Rejects like `next`. */
  async whole(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await this.next();
      if (chunk === undefined) break;
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  /** Nobody will read it: what still comes is dropped. */
  discard(): void {
    this.#discarded = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#paused) this.#resume();
  }

  /** The client left, or the rest cannot be read. */
  fail(cause?: Error): void {
    if (this.ended && this.#queue.length === 0) return;
    this.#failure ??= new MicrocosmError("cancelled", "the client left before its request was whole", {
      cause,
    });
    this.#queue = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#failure);
  }

  #want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.ended) this.#host.bodyWanted();
  }

  #keep(view: Uint8Array): void {
    if (this.#discarded || this.#hand(view)) return;
    this.#queue.push(view);
    this.#queuedBytes += view.length;
    if (this.#queuedBytes > maxQueuedBytes && !this.#paused) {
      this.#paused = true;
      this.#host.pauseReading();
    }
  }

  #hand(chunk: Uint8Array | undefined): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    this.#waiting = undefined;
    waiting.resolve(chunk);
    return true;
  }

  #resume(): void {
    this.#paused = false;
    this.#host.resumeReading();
  }
}
