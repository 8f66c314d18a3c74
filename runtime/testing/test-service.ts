import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event, EventData, EventSchemas } from "../../sdk/event.ts";
import type { AnyHono, Schema, ServiceContext, ServiceDefinition, User } from "../../sdk/service.ts";
import { newTraceparent } from "../calls/trace.ts";
import { type Clock, systemClock, systemRandom } from "../clock.ts";
import { ServiceHost } from "../worker/service-host.ts";
import { MemoryBus, toPublished } from "./memory-bus.ts";
import { Neighbours } from "./neighbours.ts";
import type { DeliverOptions, PublishedEvent, TestRequestInit, TestServiceOptions } from "./options.ts";
import { TestCall, toResponse } from "./test-call.ts";
import { type LoggedLine, TestLog } from "./test-log.ts";

const defaultTimeoutMs = 5000;

interface Parts<S extends Schema, Events extends EventSchemas> {
  readonly host: ServiceHost<S, Events>;
  readonly bus: MemoryBus;
  readonly log: TestLog;
  readonly clock: Clock;
  readonly user: User | undefined;
}

/**
 * One service in memory, for its author's unit tests: the real context, dispatch, outbox and inbox over a SQLite
 * database in memory that its own migrations made, with neighbours and a bus that live in the test.
 *
 * ```ts
 * const service = await TestService.start(orders, { neighbours: { inventory: new Hono().get("/stock/:id", …) } });
 * const response = await service.request("/orders", { json: { … }, user: { id: "u1", roles: [] } });
 * expect(service.published("order.placed")).toHaveLength(1);
 * await service.stop();
 * ```
 */
export class TestService<S extends Schema = Schema, Events extends EventSchemas = EventSchemas> {
  readonly #parts: Parts<S, Events>;
  readonly #deliveries = new Map<string, number>();
  readonly #offsets = new Map<string, number>();

  private constructor(parts: Parts<S, Events>) {
    this.#parts = parts;
  }

  /** Migrates, runs the definition's `start`, and serves. Rejects as the worker would: `migration-failed`, … */
  static async start<S extends Schema, Events extends EventSchemas, Api extends AnyHono>(
    definition: ServiceDefinition<S, Events, Api>,
    options: TestServiceOptions = {},
  ): Promise<TestService<S, Events>> {
    const { name = "service", neighbours = {}, env = {}, user, clock = systemClock, topics } = options;
    const log = new TestLog(options.verbose ?? false);
    const bus = new MemoryBus(topics);
    const host = new ServiceHost<S, Events>({
      definition,
      service: name,
      instance: `${name}-1`,
      file: ":memory:",
      durability: "process",
      env,
      mesh: new Neighbours({ service: name, neighbours, log }),
      broker: bus,
      clock,
      random: systemRandom,
      log,
      topics: topics && new Set(topics),
    });
    try {
      await host.start();
      await host.subscriptions.start();
      await host.relay.flush(defaultTimeoutMs);
    } catch (error) {
      await host.stop();
      throw error;
    }
    return new TestService({ host, bus, log, clock, user });
  }

  /** The service's own database: look into it, or put rows there. */
  get db(): BunSQLiteDatabase<S> {
    return this.#parts.host.context.db;
  }

  /** What the service's own functions receive. */
  get context(): ServiceContext<S, Events> {
    return this.#parts.host.context;
  }

  /** What it logged, in order. */
  get logs(): readonly LoggedLine[] {
    return this.#parts.log.lines;
  }

  /**
   * Sends a request the way the gateway would. The response's body may still stream; events that the handler
   * published before it answered have left.
   */
  async request(path: string, init: TestRequestInit = {}): Promise<Response> {
    const { host, clock, user } = this.#parts;
    const { json, user: asUser = user, timeoutMs = defaultTimeoutMs, ...rest } = init;
    if (json !== undefined) {
      rest.body = JSON.stringify(json);
      rest.headers = new Headers(rest.headers);
      if (!rest.headers.has("content-type")) rest.headers.set("content-type", "application/json");
    }
    const method = rest.method ?? (rest.body === undefined || rest.body === null ? "GET" : "POST");
    const request = new Request(new URL(path, "http://test"), { ...rest, method });
    const headers: string[] = [];
    request.headers.forEach((value, key) => {
      headers.push(key, value);
    });
    const url = new URL(request.url);
    const call = new TestCall({
      method: request.method,
      path: url.pathname + url.search,
      headers,
      body: new Uint8Array(await request.arrayBuffer()),
      caller: "gateway",
      user: asUser ?? undefined,
      deadline: clock.now() + timeoutMs,
      traceparent: newTraceparent(systemRandom),
      requestId: Bun.randomUUIDv7(),
      signal: request.signal,
    });
    host.dispatch(call);
    const reply = await call.answered;
    await host.relay.flush(defaultTimeoutMs);
    return toResponse(reply);
  }

  /** What has been published on `topic`, oldest first; committed events that have not left yet included. */
  published<Topic extends keyof Events & string>(topic: Topic): PublishedEvent<EventData<Events, Topic>>[] {
    const { bus, host } = this.#parts;
    const sent = bus.published.filter((event) => event.topic === topic);
    const known = new Set(sent.map((event) => event.id));
    const unsent = host.outbox
      .batch(10_000, 64 * 1024 * 1024)
      .filter((row) => row.topic === topic && !known.has(row.record.id))
      .map((row) => toPublished(row.topic, row.record));
    return [...sent, ...unsent] as PublishedEvent<EventData<Events, Topic>>[];
  }

  /**
   * Runs the subscription's handler on one event, with the inbox at work. Resolves: acknowledged. Rejects with what
   * the handler threw: it would be redelivered.
   */
  async deliver(topic: string, data: unknown, options: DeliverOptions = {}): Promise<void> {
    const { host, clock } = this.#parts;
    if (!host.subscriptions.topics.includes(topic)) {
      const known = host.subscriptions.topics.join(", ") || "nothing";
      throw new MicrocosmError(
        "unknown-topic",
        `The service does not subscribe to "${topic}", only to ${known}`,
      );
    }
    const { id = Bun.randomUUIDv7(), key, subject, source = "/test" } = options;
    const delivery = options.delivery ?? (this.#deliveries.get(id) ?? 0) + 1;
    this.#deliveries.set(id, delivery);
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + 1);
    const event: Event = {
      id,
      source,
      type: topic,
      time: new Date(clock.now()).toISOString(),
      topic,
      offset,
      delivery,
      data,
      ...(subject === undefined ? {} : { subject }),
      ...(key === undefined && subject === undefined ? {} : { key: key ?? subject ?? "" }),
    };
    await host.subscriptions.handle(event);
    await host.relay.flush(defaultTimeoutMs);
  }

  /** Waits for events and timers under way, runs the definition's `stop`, closes the database. Idempotent. */
  async stop(): Promise<void> {
    await this.#parts.host.quiesce();
    await this.#parts.host.stop();
  }
}
