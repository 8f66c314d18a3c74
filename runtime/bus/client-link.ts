import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger } from "../../sdk/service.ts";
import type { Clock, Random } from "../clock.ts";
import type { Link, Peer, Transport } from "../transport/transport.ts";
import { type Backoff, backoffMs } from "./backoff.ts";

export interface ClientLinkOptions {
  readonly transport: Transport;
  readonly self: Peer;
  /** Resolves with the address of the ready broker; rejects at `deadline` (absolute ms). */
  readonly locate: (deadline: number) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger | undefined;
  readonly backoff: Backoff;
  readonly locateTimeoutMs: number;
}

export interface ClientLinkEvents {
  /** Whether anyone needs a link; it is not sought otherwise. */
  wanted(): boolean;
  opened(link: Link): void;
  closed(): void;
  notify(head: readonly unknown[], body: Uint8Array): void;
}

/** The client's one link to the broker, wherever that is: made when wanted, made again when it broke. */
export class ClientLink {
  readonly #options: ClientLinkOptions;
  readonly #events: ClientLinkEvents;
  readonly #waiting = new Set<{ resolve(link: Link): void; reject(error: MicrocosmError): void }>();
  #link: Link | undefined;
  #connecting = false;
  #stopped = false;
  #failures = 0;

  constructor(options: ClientLinkOptions, events: ClientLinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Begins to connect, unless there is a link or an attempt. */
  seek(): void {
    if (this.#link !== undefined || this.#connecting || this.#stopped) return;
    this.#connecting = true;
    this.#connect().then(
      () => {
        this.#failures = 0;
        this.#connecting = false;
        // It may have closed again while it was being announced.
        if (this.#link === undefined) this.#again();
      },
      (error: unknown) => {
        this.#failures++;
        const { clock, backoff, random, log } = this.#options;
        log?.debug("no link to the broker yet", { reason: String(error), attempt: this.#failures });
        clock.after(backoffMs(backoff, this.#failures, random), () => {
          this.#connecting = false;
          this.#again();
        });
      },
    );
  }

  /** The link, as soon as there is one. Rejects with `broker-unavailable` at `deadline` (absolute ms). */
  ready(deadline: number): Promise<Link> {
    if (this.#link !== undefined) return Promise.resolve(this.#link);
    if (this.#stopped) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const waiter = {
        resolve: (link: Link) => {
          cancel();
          resolve(link);
        },
        reject: (error: MicrocosmError) => {
          cancel();
          reject(error);
        },
      };
      const cancel = clock.after(Math.max(0, deadline - clock.now()), () => {
        this.#waiting.delete(waiter);
        reject(new MicrocosmError("broker-unavailable", "The broker was not there before the deadline"));
      });
      this.#waiting.add(waiter);
      this.seek();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiter of this.#waiting) waiter.reject(stopped());
    this.#waiting.clear();
    await this.#link?.close();
  }

  #again(): void {
    if (this.#waiting.size > 0 || this.#events.wanted()) this.seek();
  }

  async #connect(): Promise<void> {
    const { transport, self, locate, clock, locateTimeoutMs } = this.#options;
    const address = await locate(clock.now() + locateTimeoutMs);
    if (this.#stopped) return;
    const link = await transport.connect(address, {
      self,
      handler: {
        call: (call) => call.fail(new MicrocosmError("bad-request", "A bus client takes no calls")),
        notify: (_link, head, body) => {
          if (Array.isArray(head)) this.#events.notify(head, body);
        },
        closed: (closed) => {
          if (this.#link !== closed) return;
          this.#link = undefined;
          this.#events.closed();
          this.#again();
        },
      },
    });
    if (this.#stopped) {
      await link.close();
      return;
    }
    if (!link.open) throw new MicrocosmError("link-closed", "The broker closed the link at once");
    this.#link = link;
    this.#events.opened(link);
    for (const waiter of [...this.#waiting]) {
      this.#waiting.delete(waiter);
      waiter.resolve(link);
    }
  }
}

function stopped(): MicrocosmError {
  return new MicrocosmError("broker-unavailable", "This bus client was stopped");
}
