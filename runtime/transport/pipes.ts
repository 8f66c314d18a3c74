import { Deadlines } from "./deadlines.ts";
import { Flusher } from "./flusher.ts";
import { type TransportOptions, transportSettings } from "./options.ts";
import { type SessionShared, SocketSession } from "./socket-session.ts";
import type { ByteSocket } from "./stream-wire.ts";
import type { Link, LinkOptions } from "./transport.ts";

/** The two pipes between a process and one that it started, as one of them has them. */
export interface Pipes {
  readonly input: ReadableStream<Uint8Array>;
  readonly output: Bun.FileSink;
}

/**
 * Links over pipes that are there from a process's start. Bun wakes a process 1.25 times a second for as long as it has
 * a connected socket, with nothing to do for it; a pipe lets it sleep.
 */
export class PipeLinks {
  readonly #shared: SessionShared;

  constructor(options: TransportOptions = {}) {
    const settings = transportSettings(options);
    this.#shared = { settings, flusher: new Flusher(), deadlines: new Deadlines(settings.clock) };
  }

  /** Resolves after the handshake. Rejects with `link-closed`, `bad-frame`. */
  join(pipes: Pipes, options: LinkOptions): Promise<Link> {
    return this.#session(pipes, options, true);
  }

  /** The same from the end that waits: for a process that may take long until it says hello, or never does. */
  await(pipes: Pipes, options: LinkOptions): Promise<Link> {
    return this.#session(pipes, options, false);
  }

  #session(pipes: Pipes, options: LinkOptions, initiator: boolean): Promise<Link> {
    const socket: PipeSocket = new PipeSocket(pipes, {
      data: (bytes) => session.onData(bytes),
      drain: () => session.onDrain(),
      close: () => session.onClose(),
    });
    const session = new SocketSession(socket, this.#shared, options, { initiator, patient: !initiator });
    socket.read();
    return session.ready;
  }
}

interface PipeEvents {
  data(bytes: Uint8Array): void;
  drain(): void;
  close(): void;
}

/** A pair of pipes as one connection: when one of them ends, both do. */
class PipeSocket implements ByteSocket {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #output: Bun.FileSink;
  readonly #events: PipeEvents;
  #blocked = false;
  #ended = false;

  constructor({ input, output }: Pipes, events: PipeEvents) {
    this.#reader = input.getReader();
    this.#output = output;
    this.#events = events;
  }

  async read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#events.data(value);
      }
    } catch {
      // the other process is gone
    }
    this.#over();
  }

  /** The sink keeps what the kernel does not take, so all is taken; but nothing more until that has left. */
  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.#ended) return -1;
    if (this.#blocked) return 0;
    try {
      // A copy: the sink keeps what is left of it, and the caller writes on in its own.
      const written = this.#output.write(bytes.slice(offset, offset + length));
      const flushed = this.#output.flush();
      if (isPromise(written) || isPromise(flushed)) {
        this.#blocked = true;
        Promise.all([written, flushed]).then(
          () => {
            this.#blocked = false;
            this.#events.drain();
          },
          () => this.#over(),
        );
      }
    } catch {
      this.#over();
      return -1;
    }
    return length;
  }

  /** The other end sees its input end, and ends its output in turn. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      Promise.resolve(this.#output.end()).catch(() => {});
    } catch {
      // gone already
    }
  }

  terminate(): void {
    this.end();
    this.#reader.cancel().catch(() => {});
  }

  #over(): void {
    this.end();
    this.#events.close();
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}
