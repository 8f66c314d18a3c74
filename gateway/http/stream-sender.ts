import type { Wire } from "./wire.ts";

/** What a stream tells its connection. */
export interface StreamHost {
  /** All of it is written. */
  streamSent(): void;
  /** It broke, or was not as long as announced: the client must not take it for whole. */
  streamBroke(): void;
}

const lastChunk = new Uint8Array([48, 13, 10, 13, 10]);
const crlf = new Uint8Array([13, 10]);
/** Written ahead of what the kernel takes; then the stream's producer waits. */
const maxWaitingBytes = 256 * 1024;

/** Sends one streamed body, each piece as it comes, and reads no faster than the client takes it. */
export class StreamSender {
  readonly #host: StreamHost;
  readonly #wire: Wire;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #chunked: boolean;
  /** Of the announced length; Infinity without one. */
  #left: number;
  #stopped = false;
  #resume: (() => void) | undefined;

  /** `bytes` is the announced length, or -1. Chunked, or until the connection ends, when there is none. */
  constructor(
    host: StreamHost,
    wire: Wire,
    stream: ReadableStream<Uint8Array>,
    bytes: number,
    chunked: boolean,
  ) {
    this.#host = host;
    this.#wire = wire;
    this.#reader = stream.getReader();
    this.#left = bytes < 0 ? Number.POSITIVE_INFINITY : bytes;
    this.#chunked = chunked;
  }

  async send(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#stopped) return;
        if (done) break;
        if (value.length === 0) continue;
        this.#left -= value.length;
        if (this.#left < 0) throw new RangeError("more than its content-length");
        this.#write(value);
        if (this.#wire.waitingBytes > maxWaitingBytes) await this.#room();
      }
      if (this.#left !== Number.POSITIVE_INFINITY && this.#left !== 0) {
        throw new RangeError("less than its content-length");
      }
    } catch {
      if (this.#stopped) return;
      this.stop();
      this.#host.streamBroke();
      return;
    }
    this.#stopped = true;
    if (this.#chunked) this.#wire.writeBytes(lastChunk);
    this.#host.streamSent();
  }

  /** The kernel took something. */
  drained(): void {
    if (this.#wire.waitingBytes > maxWaitingBytes) return;
    this.#resume?.();
    this.#resume = undefined;
  }

  /** The client left. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#resume?.();
    this.#reader.cancel().catch(() => {});
  }

  #write(bytes: Uint8Array): void {
    if (!this.#chunked) {
      this.#wire.writeBytes(bytes);
      return;
    }
    const size = `${bytes.length.toString(16)}\r\n`;
    if (bytes.length <= 16 * 1024) {
      // An event is a few hundred bytes: one write in place of three.
      this.#wire.write(size, Buffer.concat([bytes, crlf]));
      return;
    }
    this.#wire.write(size, undefined);
    this.#wire.writeBytes(bytes);
    this.#wire.writeBytes(crlf);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}
