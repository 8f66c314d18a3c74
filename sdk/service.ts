import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { ExtractTablesWithRelations } from "drizzle-orm";
import type { SQLiteTransaction } from "drizzle-orm/sqlite-core";
import type { Hono } from "hono";
import type { hc } from "hono/client";
import type { Emitter } from "mitt";
import type { z } from "zod";
import type { Event, EventSchemas, PublishOptions } from "./event.ts";

export type Schema = Record<string, unknown>;

/** A migration: its file's name (they run in the order of their names) and its SQL. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Who the gateway found the request's token to belong to; travels with every call made on the way. */
export interface User {
  readonly id: string;
  readonly roles: readonly string[];
  readonly email?: string;
}

/** What came with the call or event being handled. In a Hono handler it is `c.env`. */
export interface RequestInfo {
  readonly user?: User | undefined;
  /** The calling service, `gateway` at the edge. */
  readonly caller: string;
  /** Absolute, milliseconds since the epoch. Calls made meanwhile inherit it. */
  readonly deadline: number;
  /** W3C Trace Context. */
  readonly traceparent: string;
  /** 1 for the first attempt of this call. */
  readonly attempt: number;
  readonly requestId?: string | undefined;
  /** Aborted when the caller went away or the deadline passed. */
  readonly signal: AbortSignal;
}

/** Hono environment of a service's app: `new Hono<ServiceEnv>()`, then `c.env.user`. */
export interface ServiceEnv {
  Bindings: RequestInfo;
}

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** Like info, and `microcosm up` repeats it on the terminal: for what a person must see once. */
  notice(message: string, fields?: Record<string, unknown>): void;
}

/** A drizzle transaction that can also publish: the event leaves if, and only if, the transaction commits. */
export type Transaction<S extends Schema, Events extends EventSchemas> = SQLiteTransaction<
  "sync",
  void,
  S,
  ExtractTablesWithRelations<S>
> & {
  publish<Topic extends keyof Events & string>(
    topic: Topic,
    data: z.input<Events[Topic]>,
    options?: PublishOptions,
  ): void;
};

// biome-ignore lint/suspicious/noExplicitAny: Hono's own generics; any app is accepted here
export type AnyHono = Hono<any, any, any>;

export interface ServiceContext<S extends Schema = Schema, Events extends EventSchemas = EventSchemas> {
  readonly service: string;
  readonly instance: string;
  readonly db: BunSQLiteDatabase<S>;
  readonly log: Logger;
  /** Environment variables: the process's, then `env:` of topology.yaml over them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In-process events between parts of this one instance (mitt). */
  readonly local: Emitter<Record<string, unknown>>;
  /** A typed client of another service. Deadline, trace and user of the current request travel along. */
  call<Api extends AnyHono>(service: string): ReturnType<typeof hc<Api>>;
  /** Resolves when the broker has the event on disk. Throws `event-invalid`, `unknown-topic`, `deadline-exceeded`. */
  publish<Topic extends keyof Events & string>(
    topic: Topic,
    data: z.input<Events[Topic]>,
    options?: PublishOptions,
  ): Promise<{ id: string; offset: number }>;
  /**
   * Runs `work` in `BEGIN IMMEDIATE`. Events published on `tx` leave when it has committed (outbox). Inside a
   * subscription the event's id is recorded in the same transaction (inbox), so that a redelivery has no second effect.
   */
  transaction<R>(work: (tx: Transaction<S, Events>) => R): R;
  /** The call or event being handled right now; undefined outside of one. */
  request(): RequestInfo | undefined;
  /** Runs `work` every `intervalMs` on one instance of the service at a time, until the instance stops. */
  every(intervalMs: number, work: () => unknown): void;
}

/** A handler resolves: acknowledged. It throws: redelivered with backoff, then the dead-letter queue. */
export type EventHandler<S extends Schema, Events extends EventSchemas, E extends Event = Event> = (
  event: E,
  ctx: ServiceContext<S, Events>,
) => unknown;

export interface SubscriptionOptions<S extends Schema, Events extends EventSchemas> {
  readonly handler: EventHandler<S, Events, never>;
  /** Events handled at once per instance; those of one key still one after the other. Default 16. */
  readonly concurrency?: number;
  /** Where a subscription that is new begins. Default "earliest". */
  readonly from?: "earliest" | "latest";
  /** Deliveries before the dead-letter queue. Default: the topic's. */
  readonly maxDeliveries?: number;
}

export interface ServiceOptions<S extends Schema, Events extends EventSchemas, Api extends AnyHono> {
  readonly database?: { readonly schema: S; readonly migrations: readonly Migration[] };
  /** Schemas of the topics this service publishes. */
  readonly events?: Events;
  readonly api?: (ctx: ServiceContext<S, Events>) => Api;
  readonly subscriptions?: Readonly<
    Record<string, EventHandler<S, Events, never> | SubscriptionOptions<S, Events>>
  >;
  /** Runs after the migrations and before the service is ready, on each instance: seed data, make keys. */
  readonly start?: (ctx: ServiceContext<S, Events>) => unknown;
  /** Runs while draining, after the last call ended. */
  readonly stop?: (ctx: ServiceContext<S, Events>) => unknown;
  /** Throws when the instance should get no calls. Default: the database answers. */
  readonly health?: (ctx: ServiceContext<S, Events>) => unknown;
}

export interface ServiceDefinition<
  S extends Schema = Schema,
  Events extends EventSchemas = EventSchemas,
  Api extends AnyHono = AnyHono,
> extends ServiceOptions<S, Events, Api> {
  readonly kind: "microcosm.service";
}

/**
 * Declares a service. Export the result from the service's `service.ts`; its name comes from topology.yaml.
 *
 * The module must have no side effects: the same file is loaded in worker processes, in monolith mode and in tests.
 */
export function defineService<
  S extends Schema = Record<string, never>,
  Events extends EventSchemas = Record<never, never>,
  Api extends AnyHono = AnyHono,
>(options: ServiceOptions<S, Events, Api>): ServiceDefinition<S, Events, Api> {
  return { kind: "microcosm.service", ...options };
}

/** The API type of a service for `ctx.call<ApiOf<typeof inventory>>("inventory")`. */
export type ApiOf<Definition> =
  Definition extends ServiceDefinition<infer _S, infer _E, infer Api> ? Api : never;
