import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EventSchemas } from "../../sdk/event.ts";
import type { AnyHono, Schema, ServiceContext, ServiceDefinition } from "../../sdk/service.ts";
import type { LogLine } from "../control/api.ts";
import type { DeliverOptions, PublishedEvent, TestRequestInit, TestServiceOptions } from "./options.ts";

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
  /** The service's own database: look into it, or put rows there. */
  declare readonly db: BunSQLiteDatabase<S>;
  /** What the service's own functions receive. */
  declare readonly context: ServiceContext<S, Events>;
  /** What it logged, in order. */
  declare readonly logs: readonly Pick<LogLine, "level" | "message" | "fields">[];

  /** Migrates, runs the definition's `start`, and serves. Rejects as the worker would: `migration-failed`, … */
  static async start<S extends Schema, Events extends EventSchemas, Api extends AnyHono>(
    _definition: ServiceDefinition<S, Events, Api>,
    _options: TestServiceOptions = {},
  ): Promise<TestService<S, Events>> {
    throw new Error("on its way");
  }

  /** Sends a request the way the gateway would. Resolves when events it published have left, too. */
  async request(_path: string, _init: TestRequestInit = {}): Promise<Response> {
    throw new Error("on its way");
  }

  /** What has been published on `topic` (all topics without one), oldest first. */
  published<Topic extends keyof Events & string>(_topic?: Topic): PublishedEvent[] {
    throw new Error("on its way");
  }

  /**
   * Runs the subscription's handler on one event, with the inbox at work. Resolves: acknowledged. Rejects with what
   * the handler threw: it would be redelivered.
   */
  async deliver(_topic: string, _data: unknown, _options: DeliverOptions = {}): Promise<void> {
    throw new Error("on its way");
  }

  /** Runs the definition's `stop` and closes the database. Idempotent. */
  async stop(): Promise<void> {
    throw new Error("on its way");
  }
}
