import type { AsyncLocalStorage } from "node:async_hooks";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event, EventSchemas } from "../../sdk/event.ts";
import type {
  EventHandler,
  Logger,
  RequestInfo,
  Schema,
  ServiceContext,
  ServiceDefinition,
  SubscriptionOptions,
} from "../../sdk/service.ts";
import type { Broker, SubscriptionHandle } from "../bus/broker.ts";
import { childTraceparent, newTraceparent } from "../calls/trace.ts";
import type { Clock, Random } from "../clock.ts";
import { TransientMap } from "../transient-map.ts";
import { AlreadyHandled, Delivery } from "./delivery.ts";
import type { EventTelemetry } from "./event-telemetry.ts";
import { stackOf } from "./problems.ts";
import { traceFields } from "./scoped-logger.ts";

export interface SubscriptionsOptions<S extends Schema, Events extends EventSchemas> {
  readonly definition: ServiceDefinition<S, Events>;
  readonly context: ServiceContext<S, Events>;
  readonly broker: Broker;
  readonly scope: AsyncLocalStorage<RequestInfo>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What calls made by a handler may take. Default 30000. */
  readonly handlerTimeoutMs?: number;
  /** Called before an event is handled. Default nothing. */
  readonly stir?: (() => void) | undefined;
  /** Default none. */
  readonly telemetry?: EventTelemetry | undefined;
}

const defaultConcurrency = 16;
/** Between attempts to subscribe; each waits for the broker by itself, too. */
const retryMs = 500;
const awayCodes: ReadonlySet<string> = new Set(["broker-unavailable", "link-closed", "deadline-exceeded"]);

/** Runs a service's handlers on what its subscriptions deliver. The service's name is the subscription's. */
export class Subscriptions<S extends Schema, Events extends EventSchemas> {
  readonly #options: SubscriptionsOptions<S, Events>;
  readonly #handles: SubscriptionHandle[] = [];
  readonly #underWay = new TransientMap<Delivery, Delivery>();
  #stopped = false;

  constructor(options: SubscriptionsOptions<S, Events>) {
    this.#options = options;
  }

  get topics(): string[] {
    return Object.keys(this.#options.definition.subscriptions ?? {});
  }

  get pending(): number {
    return this.#underWay.size;
  }

  /**
   * Resolves when the broker knows of all of them, or `stop` came first; while the broker is away it goes on trying.
   * Rejects with what trying again cannot mend, such as `unknown-topic`.
   */
  async start(): Promise<void> {
    await Promise.all(this.topics.map((topic) => this.#subscribe(topic)));
  }

  /** Resolves: the event took effect, now or before. Rejects with what the handler threw. */
  async handle(event: Event): Promise<void> {
    const { context, scope, clock, log, telemetry, handlerTimeoutMs = 30_000 } = this.#options;
    const handler = this.#settings(event.topic).handler as EventHandler<S, Events>;
    const span = telemetry?.deliver(event);
    const traceparent = span?.traceparent ?? this.#traceparentOf(event);
    const delivery = new Delivery(event, clock.now() + handlerTimeoutMs, traceparent);
    this.#underWay.set(delivery, delivery);
    this.#options.stir?.();
    try {
      await scope.run(delivery, handler, event, context);
      span?.ended();
    } catch (error) {
      // By the inbox's state and not only by the error: the handler may have wrapped it.
      const done = error instanceof AlreadyHandled || delivery.inbox === "known";
      span?.ended(done ? undefined : error);
      if (done) return;
      log.warn(`${event.topic} ${event.id} failed on delivery ${event.delivery}`, {
        topic: event.topic,
        event: event.id,
        key: event.key,
        ...traceFields(traceparent),
        stack: stackOf(error),
      });
      throw error;
    } finally {
      this.#underWay.delete(delivery);
    }
  }

  #traceparentOf({ traceparent }: Event): string {
    const { random } = this.#options;
    return traceparent === undefined ? newTraceparent(random) : childTraceparent(traceparent, random);
  }

  /** Takes no further events and waits for those under way. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#handles.map((handle) => handle.stop()));
  }

  /** Tells the handlers still at work that nobody waits for them any more. */
  abort(): void {
    for (const delivery of this.#underWay.values()) delivery.abort();
  }

  async #subscribe(topic: string): Promise<void> {
    const { broker, context, clock, log } = this.#options;
    const { concurrency, from, maxDeliveries } = this.#settings(topic);
    while (!this.#stopped) {
      try {
        const handle = await broker.subscribe({
          topic,
          subscription: context.service,
          consumer: context.instance,
          concurrency: concurrency ?? defaultConcurrency,
          from: from ?? "earliest",
          maxDeliveries,
          handler: (delivery) => this.handle(delivery.event),
        });
        if (this.#stopped) await handle.stop();
        else this.#handles.push(handle);
        return;
      } catch (error) {
        if (this.#stopped) return;
        if (!(error instanceof MicrocosmError) || !awayCodes.has(error.code)) throw error;
        log.warn(`No subscription to ${topic} yet; trying again`, { reason: error.message });
        await new Promise<void>((resolve) => clock.after(retryMs, resolve));
      }
    }
  }

  #settings(topic: string): SubscriptionOptions<S, Events> {
    const entry = this.#options.definition.subscriptions?.[topic];
    if (entry === undefined) throw new TypeError(`There is no subscription to ${topic}`);
    return typeof entry === "function" ? { handler: entry } : entry;
  }
}
