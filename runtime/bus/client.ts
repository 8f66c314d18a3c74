import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { Logger } from "../../sdk/service.ts";
import type { Clock, Random } from "../clock.ts";
import type { IncomingBody, Link, Peer, Transport } from "../transport/transport.ts";
import { backoffMs } from "./backoff.ts";
import type {
  Broker,
  DeadFilter,
  DeadLetter,
  EventRecord,
  SubscribeOptions,
  SubscriptionHandle,
  TopicInfo,
} from "./broker.ts";
import { ClientLink } from "./client-link.ts";
import { ClientSubscription } from "./client-subscription.ts";
import { readDeliveries } from "./delivery.ts";
import { Publisher } from "./publisher.ts";
import { asBuffer, EventReader } from "./record.ts";
import type { Position } from "./subscribe.ts";
import {
  type DeadHead,
  isDeliverHead,
  isPublishedHead,
  isRefusedHead,
  isRunHead,
  maxCredit,
  positionToWire,
  type SubscribeHead,
} from "./wire.ts";

export interface BrokerClientLimits {
  /** Events published and not acknowledged yet; more are refused as `overloaded`. */
  readonly pendingEvents: number;
  readonly pendingBytes: number;
  /** A frame of events is closed at this. */
  readonly batchBytes: number;
  /** Sent to the broker and not acknowledged; the rest waits here. */
  readonly inFlightBytes: number;
  /** Between attempts to reach the broker, or to subscribe again. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Given to `locate`; then it is asked again. */
  readonly locateTimeoutMs: number;
  /** For the first answer to `subscribe`: the broker may still be starting. */
  readonly subscribeTimeoutMs: number;
  /** For `topics`, `read`, `dead` and the like. */
  readonly callTimeoutMs: number;
  /** How long `stop` waits for publishes under way. */
  readonly stopTimeoutMs: number;
}

export const defaultBrokerClientLimits: BrokerClientLimits = {
  pendingEvents: 131_072,
  pendingBytes: 64 * 1024 * 1024,
  batchBytes: 64 * 1024,
  inFlightBytes: 4 * 1024 * 1024,
  retryFirstMs: 20,
  retryMaxMs: 1000,
  locateTimeoutMs: 5000,
  subscribeTimeoutMs: 30_000,
  callTimeoutMs: 10_000,
  stopTimeoutMs: 5000,
};

export interface BrokerClientOptions {
  readonly transport: Transport;
  readonly self: Peer;
  /** Resolves with the address of the ready broker, which it waits for until `deadline` (absolute ms). */
  readonly locate: (deadline: number) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger | undefined;
  readonly limits?: Partial<BrokerClientLimits> | undefined;
}

const schedule = (work: () => void) => void setImmediate(work);

/** A client of the broker worker. Connects on first use, and again by itself when the broker restarts. */
export class BrokerClient implements Broker {
  readonly #options: BrokerClientOptions;
  readonly #limits: BrokerClientLimits;
  readonly #link: ClientLink;
  readonly #publisher: Publisher;
  readonly #subscriptions = new Map<number, ClientSubscription>();
  readonly #reader = new EventReader();
  #nextToken = 1;
  #stopped: Promise<void> | undefined;

  constructor(options: BrokerClientOptions) {
    this.#options = options;
    const limits = { ...defaultBrokerClientLimits, ...options.limits };
    for (const [key, value] of Object.entries(limits)) {
      if (!(Number.isSafeInteger(value) && value > 0)) {
        throw new RangeError(`${key} must be a positive whole number, not ${value}`);
      }
    }
    this.#limits = limits;
    this.#publisher = new Publisher({ ...limits, clock: options.clock, schedule });
    const { transport, self, locate, clock, random, log } = options;
    const backoff = { firstMs: limits.retryFirstMs, maxMs: limits.retryMaxMs };
    this.#link = new ClientLink(
      { transport, self, locate, clock, random, log, backoff, locateTimeoutMs: limits.locateTimeoutMs },
      {
        wanted: () => !this.#publisher.idle || this.#subscriptions.size > 0,
        opened: (link) => this.#opened(link),
        closed: () => this.#closed(),
        notify: (head, body) => this.#notified(head, body),
      },
    );
  }

  publish(topic: string, event: EventRecord, deadline: number): Promise<number> {
    if (this.#stopped !== undefined) return Promise.reject(stopped());
    const published = this.#publisher.publish(topic, event, deadline);
    this.#link.seek();
    return published;
  }

  async subscribe(options: SubscribeOptions): Promise<SubscriptionHandle> {
    const { concurrency } = options;
    if (!(Number.isSafeInteger(concurrency) && concurrency > 0 && concurrency <= maxCredit)) {
      throw new RangeError(`concurrency must be a whole number from 1 to ${maxCredit}, not ${concurrency}`);
    }
    if (this.#stopped !== undefined) throw stopped();
    const { clock } = this.#options;
    const subscription = new ClientSubscription(this.#nextToken++, options, schedule);
    const deadline = clock.now() + this.#limits.subscribeTimeoutMs;
    for (;;) {
      const link = await this.#link.ready(deadline);
      this.#subscriptions.set(subscription.token, subscription);
      subscription.opened(link);
      try {
        await this.#call(link, subscribeHead(subscription), deadline);
        break;
      } catch (error) {
        this.#subscriptions.delete(subscription.token);
        // The link broke under it: once more over the next one.
        if (this.#stopped !== undefined || !isLinkClosed(error)) throw error;
      }
    }
    return { stop: () => this.#unsubscribe(subscription) };
  }

  async topics(): Promise<TopicInfo[]> {
    return (await this.#ask(["topics"])).head as TopicInfo[];
  }

  async read(topic: string, from: Position, limit: number): Promise<Event[]> {
    const { head, body } = await this.#ask(["read", topic, positionToWire(from), limit]);
    return this.#events(topic, (head as [number])[0], body);
  }

  async dead(topic: string, limit: number, subscription?: string): Promise<DeadLetter[]> {
    const { head, body } = await this.#ask(["dead", topic, limit, subscription ?? null]);
    const heads = head as DeadHead[];
    const events = this.#events(topic, heads.length, body);
    return heads.map(([subscription, deliveries, reason, at], i) => ({
      event: events[i]!,
      subscription,
      deliveries,
      reason,
      at,
    }));
  }

  async replayDead(topic: string, { ids, subscription }: DeadFilter = {}): Promise<number> {
    const { head } = await this.#ask(["replay-dead", topic, ids ?? null, subscription ?? null]);
    return (head as [number])[0];
  }

  async purgeDead(topic: string, { ids, subscription }: DeadFilter = {}): Promise<number> {
    const { head } = await this.#ask(["purge-dead", topic, ids ?? null, subscription ?? null]);
    return (head as [number])[0];
  }

  async replay(topic: string, subscription: string, from: Position): Promise<void> {
    await this.#ask(["replay", topic, subscription, positionToWire(from)]);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await Promise.all(
      [...this.#subscriptions.values()].map((subscription) => this.#unsubscribe(subscription)),
    );
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(this.#limits.stopTimeoutMs, resolve);
    });
    await Promise.race([this.#publisher.drained(), timeout]);
    cancel();
    this.#publisher.stop(stopped());
    await this.#link.stop();
  }

  #opened(link: Link): void {
    this.#publisher.opened(link);
    for (const subscription of this.#subscriptions.values()) {
      subscription.opened(link);
      if (!subscription.stopping) this.#resubscribe(subscription, link, 1);
    }
  }

  #closed(): void {
    this.#publisher.closed();
    for (const subscription of this.#subscriptions.values()) subscription.closed();
  }

  /** After the broker came back. What it refuses is tried again, slower and slower, as long as the link lives. */
  #resubscribe(subscription: ClientSubscription, link: Link, attempt: number): void {
    const { clock, random, log } = this.#options;
    this.#call(link, subscribeHead(subscription), clock.now() + this.#limits.callTimeoutMs).catch((error) => {
      if (!link.open || !this.#subscriptions.has(subscription.token)) return;
      const { topic, subscription: name } = subscription.options;
      log?.error("subscribing again failed", { topic, subscription: name, reason: String(error) });
      const backoff = { firstMs: this.#limits.retryFirstMs, maxMs: this.#limits.retryMaxMs };
      clock.after(backoffMs(backoff, attempt, random), () => {
        if (link.open && this.#subscriptions.has(subscription.token) && !subscription.stopping) {
          this.#resubscribe(subscription, link, attempt + 1);
        }
      });
    });
  }

  async #unsubscribe(subscription: ClientSubscription): Promise<void> {
    await subscription.stop();
    if (!this.#subscriptions.delete(subscription.token)) return;
    const { link } = this.#link;
    if (link === undefined) return;
    const deadline = this.#options.clock.now() + this.#limits.callTimeoutMs;
    // A broker that is gone has forgotten the consumer already.
    await this.#call(link, ["unsubscribe", subscription.token], deadline).catch(() => {});
  }

  #notified(head: readonly unknown[], body: Uint8Array): void {
    if (isDeliverHead(head)) {
      const [, token, firstTag, count] = head;
      const complete = this.#subscriptions.get(token)?.deliver(firstTag, count, asBuffer(body));
      if (complete === false) this.#options.log?.error("the broker sent a delivery that cannot be read");
    } else if (isRunHead(head)) {
      const [, token, firstTag, count, offset] = head;
      const complete = this.#subscriptions.get(token)?.deliverRun(firstTag, count, offset, asBuffer(body));
      if (complete === false) this.#options.log?.error("the broker sent a run that cannot be read");
    } else if (isPublishedHead(head)) this.#publisher.published(head[1], head[2]);
    else if (isRefusedHead(head)) this.#publisher.refused(head[1], head[2], head[3]);
  }

  async #ask(head: readonly unknown[]): Promise<{ head: unknown; body: Buffer }> {
    if (this.#stopped !== undefined) throw stopped();
    const deadline = this.#options.clock.now() + this.#limits.callTimeoutMs;
    for (;;) {
      const link = await this.#link.ready(deadline);
      try {
        return await this.#call(link, head, deadline);
      } catch (error) {
        // The broker restarted under the question; asking again does no harm.
        if (this.#stopped !== undefined || !isLinkClosed(error)) throw error;
      }
    }
  }

  #call(link: Link, head: readonly unknown[], deadline: number): Promise<{ head: unknown; body: Buffer }> {
    return new Promise((resolve, reject) => {
      link.call(head, null, deadline, {
        reply: (answer, body) => {
          wholeBody(body).then((bytes) => resolve({ head: answer, body: bytes }), reject);
        },
        fail: reject,
      });
    });
  }

  #events(topic: string, count: number, body: Buffer): Event[] {
    const events: Event[] = [];
    const complete = readDeliveries(body, count, (offset, delivery, _lastError, at) => {
      events.push(this.#reader.read(body, at, topic, offset, delivery));
    });
    if (!complete) throw new MicrocosmError("bad-frame", `The broker's answer does not hold ${count} events`);
    return events;
  }
}

function subscribeHead({ token, options }: ClientSubscription): SubscribeHead {
  const { topic, subscription, consumer, concurrency, from, maxDeliveries, ephemeral } = options;
  return [
    "subscribe",
    token,
    topic,
    subscription,
    consumer,
    concurrency,
    from,
    maxDeliveries ?? null,
    ephemeral ?? false,
  ];
}

async function wholeBody(body: IncomingBody): Promise<Buffer> {
  if (body instanceof Uint8Array) return asBuffer(body);
  return Buffer.from(await new Response(body).arrayBuffer());
}

function isLinkClosed(error: unknown): boolean {
  return error instanceof MicrocosmError && error.code === "link-closed";
}

function stopped(): MicrocosmError {
  return new MicrocosmError("broker-unavailable", "This bus client was stopped");
}
