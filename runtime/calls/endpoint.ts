import { MicrocosmError } from "../../sdk/errors.ts";
import type { Candidate } from "../balancer/balancer.ts";
import type { Clock } from "../clock.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import type { SpanShape } from "../telemetry/recorder/span-shape.ts";
import type { IncomingCall, Link, LinkHandler, Peer, Transport } from "../transport/transport.ts";

/** A call that needs the link. Exactly one of the two is called, once. */
export interface LinkWaiter {
  connected(link: Link): void;
  connectFailed(error: MicrocosmError): void;
}

export interface EndpointHost {
  readonly self: Peer;
  readonly transport: Transport;
  readonly clock: Clock;
  /** There is a link, which is to be let go when it is not used (`release`). */
  linked(): void;
  /** The link to `endpoint` broke, or could not be made. Without a reason: the instance said goodbye. */
  suspect(endpoint: Endpoint, reason: string | undefined): void;
}

/** For the connection and its handshake; then the calls waiting for it go elsewhere, while it may still come about. */
const connectTimeoutMs = 2_000;
const maxWaitingForLink = 4_096;

/** One generation of one instance as this caller uses it: its link, and what the balancer wants to know of it. */
export class Endpoint implements Candidate, LinkHandler {
  readonly id: string;
  readonly generation: number;
  readonly address: string;
  weight: number;
  pending = 0;
  /** Whether a call was made since the last `release`. */
  used = false;
  /** Absolute ms. Until then it is picked only when there is no other. */
  shunnedUntil = 0;
  link: Link | undefined = undefined;
  /** Kept here for the target. */
  spanShape: SpanShape | undefined = undefined;
  readonly #host: EndpointHost;
  #connecting = false;
  #dropped = false;
  #waiting: LinkWaiter[] = [];
  #cancelTimeout: (() => void) | undefined = undefined;

  constructor(host: EndpointHost, record: InstanceRecord) {
    this.#host = host;
    this.id = record.id;
    this.generation = record.generation;
    this.address = record.address;
    this.weight = record.weight;
  }

  /** Makes the link, or joins the attempt under way: calls that come meanwhile share one connection. */
  connect(waiter?: LinkWaiter): void {
    if (waiter !== undefined && this.#waiting.length >= maxWaitingForLink) {
      const message = `${this.#waiting.length} calls already wait for the connection to ${this.id}`;
      waiter.connectFailed(new MicrocosmError("overloaded", message));
      return;
    }
    if (waiter !== undefined) this.#waiting.push(waiter);
    this.#cancelTimeout ??= this.#host.clock.after(connectTimeoutMs, () => {
      this.#failed(
        new MicrocosmError("link-closed", `${this.id} took over ${connectTimeoutMs} ms to connect`),
      );
    });
    if (this.#connecting) return;
    this.#connecting = true;
    this.#host.transport.connect(this.address, { self: this.#host.self, handler: this }).then(
      (link) => this.#made(link),
      (error: unknown) => {
        this.#connecting = false;
        this.#failed(error instanceof MicrocosmError ? error : this.#unreachable(String(error), error));
      },
    );
  }

  /** Closes a link that no call was made over since the last time; the next call makes one. Returns whether one is left. */
  release(): boolean {
    const link = this.link;
    if (link === undefined) return false;
    if (this.used || link.busy) {
      this.used = false;
      return true;
    }
    this.link = undefined;
    void link.close();
    return false;
  }

  /** The instance is gone: what is still under way on the link ends as `link-closed`. */
  drop(): Promise<void> {
    this.#dropped = true;
    const closed = this.link?.close();
    this.link = undefined;
    this.#settleWaiting(this.#unreachable("it left the registry"));
    return closed ?? Promise.resolve();
  }

  /** From the link. Calls go to where an instance listens, never back over a link that it made itself. */
  call(incoming: IncomingCall): void {
    incoming.fail(
      new MicrocosmError("bad-request", `${this.#host.self.instance} takes calls at its own address only`),
    );
  }

  /** From the link. */
  closed(link: Link, error: MicrocosmError | undefined): void {
    if (link !== this.link) return;
    this.link = undefined;
    this.#host.suspect(this, error?.message);
  }

  #made(link: Link): void {
    this.#connecting = false;
    const { instance, generation } = link.peer;
    if (this.#dropped || instance !== this.id || generation !== this.generation) {
      // A restarted instance listens at the same address: calls wait until the registry's view knows it.
      void link.close();
      this.#settleWaiting(
        this.#unreachable(`${instance} of generation ${generation} answers at its address`),
      );
      return;
    }
    this.#clearTimeout();
    this.link = link;
    this.used = true;
    this.#host.linked();
    for (const waiter of this.#takeWaiting()) waiter.connected(link);
  }

  #failed(error: MicrocosmError): void {
    if (!this.#dropped) this.#host.suspect(this, error.message);
    this.#settleWaiting(error.code === "link-closed" ? error : this.#unreachable(error.message, error));
  }

  #settleWaiting(error: MicrocosmError): void {
    this.#clearTimeout();
    for (const waiter of this.#takeWaiting()) waiter.connectFailed(error);
  }

  #takeWaiting(): LinkWaiter[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #clearTimeout(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
  }

  #unreachable(reason: string, cause?: unknown): MicrocosmError {
    const what = `no connection to ${this.id} (generation ${this.generation}): ${reason}`;
    return new MicrocosmError("link-closed", what, { cause });
  }
}
