import type { AsyncLocalStorage } from "node:async_hooks";
import type { EventSchemas, PublishOptions } from "../../sdk/event.ts";
import type { RequestInfo, Schema, Transaction } from "../../sdk/service.ts";
import type { EventRecord } from "../bus/broker.ts";
import type { Clock } from "../clock.ts";
import { storageError } from "../storage/errors.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Storage } from "../storage/open.ts";
import type { Outbox } from "../storage/outbox.ts";
import type { SqlTelemetry } from "../storage/sql-telemetry.ts";
import { AlreadyHandled, Delivery } from "./delivery.ts";
import type { PublishSpan } from "./event-telemetry.ts";

export interface TransactionsOptions<S extends Schema> {
  readonly storage: Storage<S>;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly scope: AsyncLocalStorage<RequestInfo>;
  readonly clock: Clock;
  readonly make: (topic: string, data: unknown, options: PublishOptions, span?: PublishSpan) => EventRecord;
  /** Undefined where telemetry is off. */
  readonly beginPublish: (topic: string) => PublishSpan | undefined;
  /** Rows were committed to the outbox. */
  readonly published: () => void;
  /** Default none. */
  readonly sql?: SqlTelemetry | undefined;
}

/** One transaction while it is open. */
interface Outcome {
  open: boolean;
  /** What it publishes if it commits. */
  readonly publishes: { readonly record: EventRecord; readonly span: PublishSpan | undefined }[];
}

/** `ctx.transaction`: the state, the events it causes and the event that caused it, in one commit. */
export class Transactions<S extends Schema, Events extends EventSchemas> {
  readonly #options: TransactionsOptions<S>;

  constructor(options: TransactionsOptions<S>) {
    this.#options = options;
  }

  run<R>(work: (tx: Transaction<S, Events>) => R): R {
    const { storage, scope, published, sql } = this.#options;
    const current = scope.getStore();
    const delivery = current instanceof Delivery ? current : undefined;
    // Also for a handler that caught the first one and tries to make good: it has nothing to make good.
    if (delivery?.inbox === "known") throw new AlreadyHandled(delivery.event);
    const outcome: Outcome = { publishes: [], open: true };
    const span = sql?.beginTransaction();
    let result: R;
    try {
      result = storage.db.transaction(
        (plain) => {
          this.#takeFromInbox(delivery);
          const tx = plain as unknown as Transaction<S, Events>;
          tx.publish = (topic, data, options = {}) => this.#publish(outcome, topic, data, options);
          const value = work(tx);
          if (isThenable(value)) {
            value.then(undefined, () => {});
            throw new TypeError(
              "ctx.transaction(work): work must not be async, because the commit does not wait for it. " +
                "Await what is needed first and only read and write the database inside",
            );
          }
          return value;
        },
        { behavior: "immediate" },
      );
      span?.ended();
    } catch (error) {
      // A handler that has nothing to do any more is no failure.
      span?.ended(error instanceof AlreadyHandled ? undefined : error);
      throw storageError(error, storage.file) ?? error;
    } finally {
      outcome.open = false;
    }
    if (delivery !== undefined) delivery.inbox = "taken";
    if (outcome.publishes.length > 0) published();
    for (const publish of outcome.publishes) publish.span?.ended(publish.record, -1);
    return result;
  }

  #takeFromInbox(delivery: Delivery | undefined): void {
    if (delivery === undefined || delivery.inbox !== "new") return;
    const { inbox, clock } = this.#options;
    if (inbox.take(delivery.event.topic, delivery.event.id, clock.now())) return;
    delivery.inbox = "known";
    throw new AlreadyHandled(delivery.event);
  }

  #publish(outcome: Outcome, topic: string, data: unknown, options: PublishOptions): void {
    if (!outcome.open) throw new Error(`tx.publish("${topic}") came after its transaction had ended`);
    const { outbox, make, beginPublish } = this.#options;
    const span = beginPublish(topic);
    const record = make(topic, data, options, span);
    outbox.add(topic, record);
    outcome.publishes.push({ record, span });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
