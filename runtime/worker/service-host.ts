import { AsyncLocalStorage } from "node:async_hooks";
import { Hono } from "hono";
import mitt from "mitt";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { EventSchemas, PublishOptions } from "../../sdk/event.ts";
import type {
  AnyHono,
  Logger,
  RequestInfo,
  Schema,
  ServiceContext,
  ServiceDefinition,
} from "../../sdk/service.ts";
import type { Broker, EventRecord } from "../bus/broker.ts";
import type { CallContext, Mesh } from "../calls/mesh.ts";
import { rpcClient } from "../calls/rpc.ts";
import { newTraceparent } from "../calls/trace.ts";
import type { Clock, Random } from "../clock.ts";
import type { ProbeReply } from "../control/messages.ts";
import { Inbox } from "../storage/inbox.ts";
import { Leases } from "../storage/lease.ts";
import { migrate } from "../storage/migrate.ts";
import { openStorage, type Storage } from "../storage/open.ts";
import { SqlTelemetry } from "../storage/sql-telemetry.ts";
import { Outbox } from "../storage/outbox.ts";
import { OutboxRelay } from "../storage/relay.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { type DispatchedCall, Dispatcher } from "./dispatch.ts";
import { EventMaker } from "./event-maker.ts";
import { EventTelemetry, type PublishSpan } from "./event-telemetry.ts";
import { InboxPruner } from "./inbox-pruner.ts";
import { Schedule } from "./schedule.ts";
import { ScopedLogger } from "./scoped-logger.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Transactions } from "./transactions.ts";

export interface ServiceHostOptions<S extends Schema, Events extends EventSchemas> {
  readonly definition: ServiceDefinition<S, Events>;
  readonly service: string;
  readonly instance: string;
  /** The SQLite file, or ":memory:". */
  readonly file: string;
  readonly durability: "disk" | "process";
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly mesh: Mesh;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where spans and metrics go. Default nowhere. */
  readonly recorder?: Recorder | undefined;
  /** Keeps the request at work. Default one of its own. */
  readonly scope?: AsyncLocalStorage<RequestInfo> | undefined;
  /** Topics of the topology; undefined when any topic may be made. */
  readonly topics?: ReadonlySet<string> | undefined;
  /** Called before a call or an event is handled. Default nothing. */
  readonly stir?: (() => void) | undefined;
  /** How long calls and events outside of any request may take. Default 30000. */
  readonly backgroundTimeoutMs?: number;
}

const defaultBackgroundTimeoutMs = 30_000;
/** How long an instance that ends waits for the broker. The next one sends what is left. */
const lastFlushMs = 1000;

/**
 * One service at work: its database, context, app, subscriptions and timers. What carries the calls to it (a worker's
 * links, a test) is outside. `start`, then `dispatch` and the broker's deliveries, then `quiesce` and `stop`.
 */
export class ServiceHost<S extends Schema, Events extends EventSchemas> {
  readonly context: ServiceContext<S, Events>;
  readonly subscriptions: Subscriptions<S, Events>;
  readonly relay: OutboxRelay;
  readonly outbox: Outbox;
  readonly #options: ServiceHostOptions<S, Events>;
  readonly #scope: AsyncLocalStorage<RequestInfo>;
  readonly #sql: SqlTelemetry | undefined;
  readonly #events: EventTelemetry | undefined;
  readonly #storage: Storage<S>;
  readonly #schedule: Schedule;
  readonly #pruner: InboxPruner;
  #dispatcher: Dispatcher | undefined;
  #started = false;
  #stopped: Promise<void> | undefined;

  /** Opens the database: throws `data-unwritable`. */
  constructor(options: ServiceHostOptions<S, Events>) {
    this.#options = options;
    const { definition, service, instance, file, durability, broker, clock, log, recorder } = options;
    const scope = options.scope ?? new AsyncLocalStorage<RequestInfo>();
    this.#scope = scope;
    this.#sql =
      recorder && new SqlTelemetry({ recorder, current: () => scope.getStore(), namespace: service });
    this.#events = recorder && new EventTelemetry(recorder);
    for (const topic of Object.keys(definition.subscriptions ?? {})) {
      if (options.topics?.has(topic) === false) {
        throw new MicrocosmError(
          "unknown-topic",
          `${service} subscribes to "${topic}", which the topology does not have`,
        );
      }
    }
    this.#storage = openStorage({
      file,
      durability,
      schema: definition.database?.schema ?? ({} as S),
      telemetry: this.#sql,
    });
    this.outbox = new Outbox(this.#storage);
    const inbox = new Inbox(this.#storage);
    this.relay = new OutboxRelay({
      outbox: this.outbox,
      publish: (topic, record, deadline) => broker.publish(topic, record, deadline),
      clock,
      log,
    });
    this.#schedule = new Schedule({ leases: new Leases(this.#storage), holder: instance, clock, log });
    this.#pruner = new InboxPruner({ inbox, clock, log });
    this.context = this.#createContext(inbox);
    const { context } = this;
    this.subscriptions = new Subscriptions({ ...options, context, scope, telemetry: this.#events });
  }

  /** Migrates, runs the definition's `start`, builds its app. Rejects with what the author's code threw. */
  async start(phase: (name: string) => void = () => {}): Promise<void> {
    const { definition, service, log } = this.#options;
    const migrations = definition.database?.migrations ?? [];
    const applied = await migrate(this.#storage.client, { file: this.#storage.file, migrations });
    if (applied.length > 0) log.info("Migrated", { applied });
    phase("migrated");
    const app = definition.api?.(this.context) ?? new Hono();
    this.#dispatcher = new Dispatcher({
      service,
      app: app as AnyHono,
      scope: this.#scope,
      log,
      noteRoutes: this.#options.recorder !== undefined,
    });
    await definition.start?.(this.context);
    this.relay.start();
    if (this.subscriptions.topics.length > 0) this.#pruner.start();
    this.#started = true;
    phase("started");
  }

  /** Sees to the call's answer. */
  dispatch(call: DispatchedCall): void {
    if (this.#dispatcher === undefined)
      throw new MicrocosmError("no-ready-instance", "The service is starting");
    this.#options.stir?.();
    this.#dispatcher.dispatch(call);
  }

  /** The pattern, `/items/{id}`, of a route that a call was told. */
  patternOf(route: number): string | undefined {
    return this.#dispatcher?.patternOf(route);
  }

  async health(): Promise<ProbeReply> {
    try {
      if (this.#options.definition.health) await this.#options.definition.health(this.context);
      else this.#storage.client.query("SELECT 1").get();
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Begins nothing by itself any more: no event, no timer. Resolves when those under way ended. */
  async quiesce(): Promise<void> {
    await Promise.all([this.subscriptions.stop(), this.#schedule.stop()]);
  }

  /** Runs the definition's `stop`, sends what is in the outbox once more, closes the database. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { definition, log } = this.#options;
    this.#pruner.stop();
    this.subscriptions.abort();
    await this.#schedule.stop();
    if (this.#started) {
      try {
        await definition.stop?.(this.context);
      } catch (error) {
        log.error("The service's stop() failed", { reason: String(error) });
      }
      await this.relay.flush(lastFlushMs);
    }
    this.relay.stop();
    this.context.local.all.clear();
    this.#storage.close();
  }

  #createContext(inbox: Inbox): ServiceContext<S, Events> {
    const { service, instance, definition, broker, mesh, clock, log, env, topics } = this.#options;
    const scope = this.#scope;
    const events = new EventMaker({ service, schemas: definition.events ?? {}, clock, topics });
    const current = () => scope.getStore();
    const beginPublish = (topic: string) => this.#events?.publish(topic, current()?.traceparent);
    const make = (
      topic: string,
      data: unknown,
      options: PublishOptions = {},
      span: PublishSpan | undefined = undefined,
    ): EventRecord => events.make(topic, data, options, span?.traceparent ?? this.#callContext().traceparent);
    const transactions = new Transactions<S, Events>({
      storage: this.#storage,
      outbox: this.outbox,
      inbox,
      scope,
      clock,
      make,
      beginPublish,
      sql: this.#sql,
      published: () => this.relay.wake(),
    });
    const clients = new Map<string, unknown>();
    return {
      service,
      instance,
      db: this.#storage.db,
      log: new ScopedLogger(log, current),
      env,
      local: mitt<Record<string, unknown>>(),
      call: <Api extends AnyHono>(name: string) => {
        let client = clients.get(name);
        if (client === undefined) {
          client = rpcClient<Api>(mesh, name, { current });
          clients.set(name, client);
        }
        return client as ReturnType<typeof rpcClient<Api>>;
      },
      publish: async (topic, data, options) => {
        const span = beginPublish(topic);
        let record: EventRecord | undefined;
        try {
          record = make(topic, data, options, span);
          const offset = await broker.publish(topic, record, this.#callContext().deadline);
          span?.ended(record, offset);
          return { id: record.id, offset };
        } catch (error) {
          span?.ended(record, -1, error);
          throw error;
        }
      },
      transaction: (work) => transactions.run(work),
      request: current,
      every: (intervalMs, work) => this.#schedule.every(intervalMs, work),
    };
  }

  /** The current request is the context of the calls it makes: it has all of its members. */
  #callContext(): CallContext {
    const current = this.#scope.getStore();
    if (current !== undefined) return current;
    const { clock, random, backgroundTimeoutMs = defaultBackgroundTimeoutMs } = this.#options;
    return { deadline: clock.now() + backgroundTimeoutMs, traceparent: newTraceparent(random) };
  }
}
