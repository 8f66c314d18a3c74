import { MicrocosmError } from "../../sdk/errors.ts";
import { emptyBytes, type Frames, Kind } from "../protocol/frame.ts";
import type { FrameLink } from "./link.ts";
import type { Wire } from "./wire.ts";

/** Deliveries in microtasks per turn of the event loop; more of them would keep timers and sockets waiting. */
const deliveriesPerTurn = 64;

/** Delivers soon, but lets the event loop turn: two ends that answer each other at once must not starve the rest. */
export class MemoryScheduler {
  #left = deliveriesPerTurn;
  #resetPlanned = false;

  schedule(work: () => void): void {
    if (!this.#resetPlanned) {
      this.#resetPlanned = true;
      setImmediate(this.#reset);
    }
    if (this.#left > 0) {
      this.#left--;
      queueMicrotask(work);
    } else {
      setImmediate(work);
    }
  }

  readonly #reset = (): void => {
    this.#left = deliveriesPerTurn;
    this.#resetPlanned = false;
  };
}

interface MemoryFrame {
  readonly kind: Kind;
  readonly stream: number;
  readonly number: number;
  readonly head: unknown;
  readonly bytes: Uint8Array;
  readonly streamed: boolean;
}

/** Carries frames to a link of the same process as they are. */
export class MemoryWire implements Wire, Frames<Uint8Array | string> {
  readonly frames = this;
  readonly copies = false;
  readonly buffered = 0;
  readonly congested = false;
  readonly full = false;
  readonly #scheduler: MemoryScheduler;
  readonly #encoder = new TextEncoder();
  #to: FrameLink | undefined;
  #closed: Promise<void> | undefined;
  #queue: MemoryFrame[] = [];
  #spare: MemoryFrame[] = [];

  constructor(scheduler: MemoryScheduler) {
    this.#scheduler = scheduler;
  }

  connect(to: FrameLink): void {
    this.#to = to;
  }

  async drained(): Promise<void> {}

  isBurst(): boolean {
    return false;
  }

  /** The other end is in this process: it hears when the event loop lets it. */
  flush(): void {}

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      // After what is queued already, a goaway perhaps: then this is no news to the other end.
      this.#scheduler.schedule(() => {
        this.#deliver();
        this.#to?.breakOff(new MicrocosmError("link-closed", "the connection ended without a goodbye"));
        resolve();
      });
    });
    return this.#closed;
  }

  call(stream: number, deadline: number, head: unknown, body: Uint8Array | string, streamed: boolean): void {
    this.#push(Kind.call, stream, deadline, head, this.#bytesOf(body), streamed);
  }

  reply(stream: number, head: unknown, body: Uint8Array | string, streamed: boolean): void {
    this.#push(Kind.reply, stream, 0, head, this.#bytesOf(body), streamed);
  }

  fail(stream: number, error: MicrocosmError): void {
    this.#push(Kind.fail, stream, 0, error, emptyBytes, false);
  }

  chunk(stream: number, bytes: Uint8Array): void {
    this.#push(Kind.chunk, stream, 0, undefined, bytes, false);
  }

  end(stream: number): void {
    this.#push(Kind.end, stream, 0, undefined, emptyBytes, false);
  }

  credit(stream: number, bytes: number): void {
    this.#push(Kind.credit, stream, bytes, undefined, emptyBytes, false);
  }

  stop(stream: number): void {
    this.#push(Kind.stop, stream, 0, undefined, emptyBytes, false);
  }

  cancel(stream: number): void {
    this.#push(Kind.cancel, stream, 0, undefined, emptyBytes, false);
  }

  notify(head: unknown, body: Uint8Array): void {
    this.#push(Kind.notify, 0, 0, head, body, false);
  }

  goaway(error: MicrocosmError | undefined): void {
    this.#push(Kind.goaway, 0, 0, error, emptyBytes, false);
  }

  #bytesOf(body: Uint8Array | string): Uint8Array {
    if (typeof body !== "string") return body;
    return body.length === 0 ? emptyBytes : this.#encoder.encode(body);
  }

  #push(
    kind: Kind,
    stream: number,
    number: number,
    head: unknown,
    bytes: Uint8Array,
    streamed: boolean,
  ): void {
    if (this.#queue.push({ kind, stream, number, head, bytes, streamed }) === 1) {
      this.#scheduler.schedule(this.#deliver);
    }
  }

  readonly #deliver = (): void => {
    const link = this.#to;
    const frames = this.#queue;
    this.#queue = this.#spare;
    if (link !== undefined) {
      try {
        for (const frame of frames) {
          if (!link.open) break;
          deliver(frame, link);
        }
      } catch (cause) {
        link.breakOff(
          cause instanceof MicrocosmError
            ? cause
            : new MicrocosmError("internal", `a link's handler threw: ${String(cause)}`, { cause }),
        );
      }
    }
    frames.length = 0;
    this.#spare = frames;
  };
}

function deliver(frame: MemoryFrame, link: FrameLink): void {
  const receiver = link.receiver;
  switch (frame.kind) {
    case Kind.call:
      receiver.call(frame.stream, frame.number, frame.head, frame.bytes, frame.streamed);
      break;
    case Kind.reply:
      receiver.reply(frame.stream, frame.head, frame.bytes, frame.streamed);
      break;
    case Kind.fail:
      receiver.fail(frame.stream, frame.head as MicrocosmError);
      break;
    case Kind.chunk:
      receiver.chunk(frame.stream, frame.bytes);
      break;
    case Kind.end:
      receiver.end(frame.stream);
      break;
    case Kind.credit:
      receiver.credit(frame.stream, frame.number);
      break;
    case Kind.stop:
      receiver.stop(frame.stream);
      break;
    case Kind.cancel:
      receiver.cancel(frame.stream);
      break;
    case Kind.notify:
      receiver.notify(frame.head, frame.bytes);
      break;
    case Kind.goaway:
      receiver.goaway(frame.head as MicrocosmError | undefined);
      break;
  }
}
