import { MicrocosmError } from "../../sdk/errors.ts";
import type { Deadlines } from "./deadlines.ts";
import { earlyFlusher, type Flusher } from "./flusher.ts";
import { FrameLink } from "./link.ts";
import type { TransportSettings } from "./options.ts";
import { type ByteSocket, StreamWire } from "./stream-wire.ts";
import type { LinkOptions } from "./transport.ts";

/** What the sessions of one transport have in common. */
export interface SessionShared {
  readonly settings: TransportSettings;
  readonly flusher: Flusher;
  readonly deadlines: Deadlines;
}

export interface SessionSide {
  readonly initiator: boolean;
  /** Waits for the other end's hello without a bound. Default false. */
  readonly patient?: boolean;
}

/**
 * One socket from its connection to its end: hello both ways within `handshakeTimeoutMs`, then a link. Used by both
 * ends, for any kind of socket.
 */
export class SocketSession {
  readonly #shared: SessionShared;
  readonly #options: LinkOptions;
  readonly #initiator: boolean;
  readonly #wire: StreamWire;
  readonly #ready = Promise.withResolvers<FrameLink>();
  #link: FrameLink | undefined;
  #failed = false;
  #cancelTimeout: () => void = () => {};

  constructor(socket: ByteSocket, shared: SessionShared, options: LinkOptions, side: SessionSide) {
    this.#shared = shared;
    this.#options = options;
    this.#initiator = side.initiator;
    this.#wire = new StreamWire(
      socket,
      options.isEarly === true ? earlyFlusher : shared.flusher,
      shared.settings,
      (service, instance, generation) => this.#greeted({ service, instance, generation }),
      () => this.#link?.resume(),
    );
    // A listener's sessions have nobody waiting for them; their failures are the other end's to see.
    this.#ready.promise.catch(() => {});
    if (side.patient !== true) {
      const timeoutMs = shared.settings.handshakeTimeoutMs;
      this.#cancelTimeout = shared.settings.clock.after(timeoutMs, () =>
        this.#fail(new MicrocosmError("link-closed", `no hello within ${timeoutMs} ms`)),
      );
    }
    const { self } = options;
    this.#wire.frames.hello(self.service, self.instance, self.generation);
    this.#wire.flush();
  }

  /** The link, once the other end said hello. */
  get ready(): Promise<FrameLink> {
    return this.#ready.promise;
  }

  onData(bytes: Uint8Array): void {
    if (this.#failed) return;
    try {
      this.#wire.onData(bytes);
    } catch (cause) {
      this.#fail(
        cause instanceof MicrocosmError
          ? cause
          : new MicrocosmError("internal", `a link's handler threw: ${String(cause)}`, { cause }),
      );
    }
  }

  onDrain(): void {
    this.#wire.onDrain();
  }

  onClose(): void {
    this.#wire.onClose();
    this.#fail(new MicrocosmError("link-closed", "the connection ended without a goodbye"));
  }

  #greeted(peer: { service: string; instance: string; generation: number }): FrameLink["receiver"] {
    this.#cancelTimeout();
    const link = new FrameLink({
      self: this.#options.self,
      peer,
      handler: this.#options.handler,
      wire: this.#wire,
      deadlines: this.#shared.deadlines,
      clock: this.#shared.settings.clock,
      initiator: this.#initiator,
    });
    this.#link = link;
    this.#options.handler.opened?.(link);
    this.#ready.resolve(link);
    return link.receiver;
  }

  #fail(error: MicrocosmError): void {
    if (this.#link !== undefined) {
      this.#link.breakOff(error);
      return;
    }
    if (this.#failed) return;
    this.#failed = true;
    this.#cancelTimeout();
    if (error.code === "bad-frame") this.#wire.frames.goaway(error);
    this.#wire.close();
    this.#ready.reject(error);
  }
}
