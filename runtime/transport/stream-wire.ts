import { type Greeting, FrameDecoder } from "../protocol/decoder.ts";
import { FrameEncoder } from "../protocol/encoder.ts";
import type { Flushable, Flushes } from "./flusher.ts";
import type { TransportSettings } from "./options.ts";
import type { Wire } from "./wire.ts";

/** A connected byte stream: the part of Bun's Socket that is used, the same for unix and TCP. */
export interface ByteSocket {
  /** Returns how many bytes the kernel took; the rest is offered again on `drain`. -1 when closed. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  end(): unknown;
  terminate(): unknown;
}

/**
 * So many calls or replies leave before the turn is over, and the other end goes on with them while this one is at the
 * next; without it both ends work in turns, and a core idles. Further ones of the turn leave in bursts twice as large each
 * time: the other end is at work by then, and each burst costs a write.
 */
const firstBurst = 8;

/** Frames over a byte stream. One write per turn of the event loop; what the kernel does not take waits here. */
export class StreamWire implements Wire, Flushable {
  readonly frames: FrameEncoder;
  readonly copies = true;
  readonly #socket: ByteSocket;
  readonly #decoder: FrameDecoder;
  readonly #settings: TransportSettings;
  readonly #drained: () => void;
  #waiters: (() => void)[] = [];
  #blocked = false;
  /** Calls and replies since the last burst of this turn. */
  #written = 0;
  #burst = firstBurst;
  #congestedOnce = false;
  #closed = false;
  readonly #whenClosed = Promise.withResolvers<void>();
  #closing = false;
  #cancelTimeout: (() => void) | undefined;

  /** `drained` is called when there is room again after the wire was congested. */
  constructor(
    socket: ByteSocket,
    flusher: Flushes,
    settings: TransportSettings,
    greeting: Greeting,
    drained: () => void,
  ) {
    this.#socket = socket;
    this.#settings = settings;
    this.#drained = drained;
    this.#decoder = new FrameDecoder(greeting);
    this.frames = new FrameEncoder(() => flusher.schedule(this));
  }

  get buffered(): number {
    return this.frames.length;
  }

  get congested(): boolean {
    if (this.frames.length < this.#settings.highWaterBytes) return false;
    this.#congestedOnce = true;
    return true;
  }

  get full(): boolean {
    if (this.frames.length < this.#settings.maxBufferedBytes) return false;
    // A burst within one turn is not yet a peer that does not read.
    this.flush();
    return this.frames.length >= this.#settings.maxBufferedBytes;
  }

  drained(): Promise<void> {
    if (this.#closed || this.frames.length <= this.#settings.lowWaterBytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  close(): Promise<void> {
    if (!this.#closing && !this.#closed) {
      this.#closing = true;
      this.#cancelTimeout = this.#settings.clock.after(this.#settings.closeTimeoutMs, () => this.destroy());
      this.flush();
    }
    return this.#whenClosed.promise;
  }

  /** Closes at once; what waits is lost. */
  destroy(): void {
    if (!this.#closed) this.#socket.terminate();
    this.onClose();
  }

  isBurst(): boolean {
    if (++this.#written < this.#burst) return false;
    this.#written = 0;
    this.#burst *= 2;
    return true;
  }

  turnEnded(): void {
    this.#written = 0;
    this.#burst = firstBurst;
    this.flush();
  }

  flush(): void {
    if (this.#closed || this.#blocked) return;
    const frames = this.frames;
    if (frames.length > 0) {
      const taken = this.#socket.write(frames.bytes, frames.offset, frames.length);
      if (taken > 0) frames.sent(taken);
      this.#blocked = frames.length > 0;
      if (this.#waiters.length > 0 || this.#congestedOnce) this.#relieve();
    }
    if (this.#closing && frames.length === 0) this.#socket.end();
  }

  /** Throws what the decoder throws. */
  onData(bytes: Uint8Array): void {
    if (!this.#closing) this.#decoder.push(bytes);
  }

  onDrain(): void {
    this.#blocked = false;
    this.flush();
  }

  onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimeout?.();
    this.#wake();
    this.#whenClosed.resolve();
  }

  #relieve(): void {
    if (this.frames.length > this.#settings.lowWaterBytes) return;
    this.#wake();
    if (this.#congestedOnce) {
      this.#congestedOnce = false;
      this.#drained();
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
