import { MicrocosmError } from "../../sdk/errors.ts";
import { Deadlines } from "./deadlines.ts";
import { FrameLink } from "./link.ts";
import { MemoryScheduler, MemoryWire } from "./memory-wire.ts";
import { type TransportOptions, type TransportSettings, transportSettings } from "./options.ts";
import type { Link, LinkOptions, Listener, Peer, Transport } from "./transport.ts";

/**
 * Links between objects of one process: monolith mode and tests. One object is one network, addresses are any names.
 * Heads and bodies go over by reference, so neither end may change them afterwards; all else is as over a socket,
 * asynchronous delivery included.
 */
export class MemoryTransport implements Transport {
  readonly name = "memory";
  readonly #settings: TransportSettings;
  readonly #deadlines: Deadlines;
  readonly #scheduler = new MemoryScheduler();
  readonly #listeners = new Map<string, LinkOptions>();

  constructor(options: TransportOptions = {}) {
    this.#settings = transportSettings(options);
    this.#deadlines = new Deadlines(this.#settings.clock);
  }

  async listen(address: string, options: LinkOptions): Promise<Listener> {
    if (this.#listeners.has(address)) {
      throw new MicrocosmError("already-running", `another listener is at ${address}`);
    }
    this.#listeners.set(address, options);
    return {
      address,
      stop: async () => {
        if (this.#listeners.get(address) === options) this.#listeners.delete(address);
      },
    };
  }

  async connect(address: string, options: LinkOptions): Promise<Link> {
    const accepting = this.#listeners.get(address);
    if (accepting === undefined) {
      throw new MicrocosmError("link-closed", `nobody listens at ${address}`);
    }
    const there = new MemoryWire(this.#scheduler);
    const here = new MemoryWire(this.#scheduler);
    const near = this.#link(options, accepting.self, here, true);
    const far = this.#link(accepting, options.self, there, false);
    here.connect(far);
    there.connect(near);
    accepting.handler.opened?.(far);
    options.handler.opened?.(near);
    return near;
  }

  #link(options: LinkOptions, peer: Peer, wire: MemoryWire, initiator: boolean): FrameLink {
    return new FrameLink({
      self: options.self,
      peer,
      handler: options.handler,
      wire,
      deadlines: this.#deadlines,
      clock: this.#settings.clock,
      initiator,
    });
  }
}
