import { eq } from "drizzle-orm";
import type { OrdersContext, OrdersTransaction } from "./context.ts";
import { type OrderInput, type OrderStatus, outcomeOf } from "./order-states.ts";
import { orderHistory, orders } from "./schema.ts";

type OrderRow = typeof orders.$inferSelect;

export interface Advance {
  readonly orderId: string;
  readonly input: OrderInput;
  /** When it happened, milliseconds since the epoch. */
  readonly at: number;
  /** Why, should this input end the order as cancelled. */
  readonly reason: string;
}

export interface Advanced {
  /** The order's status afterwards. */
  readonly status: OrderStatus;
  /** False when the input came too late to matter. */
  readonly effective: boolean;
}

/** Says on `ctx.local` that an order of this instance changed. */
export const orderChanged = "order.changed";

/**
 * Puts one input to the order's state machine: status, history and the event that tells the others commit together.
 * Whoever gets the write lock first decides a race; the later input finds the order as the first one left it.
 */
export function advance(ctx: OrdersContext, step: Advance): Advanced {
  const advanced = ctx.transaction((tx) => advanceWithin(tx, step));
  if (advanced.effective) ctx.local.emit(orderChanged, step.orderId);
  return advanced;
}

function advanceWithin(tx: OrdersTransaction, { orderId, input, at, reason }: Advance): Advanced {
  const order = tx.select().from(orders).where(eq(orders.id, orderId)).get();
  if (order === undefined) throw new Error(`${input} for order ${orderId}, which does not exist here`);
  const outcome = outcomeOf(order.status, input);
  if (outcome === "impossible") throw new Error(`${input} for order ${orderId}, which is ${order.status}`);
  if (outcome === "late") return { status: order.status, effective: false };

  const ended = outcome !== order.status;
  const entries: (typeof orderHistory.$inferInsert)[] = [];
  if (isOthersNews(input)) entries.push({ orderId, type: input, at });
  if (ended) entries.push({ orderId, type: `order.${outcome}`, at: Date.now() });
  tx.insert(orderHistory).values(entries).onConflictDoNothing().run();
  tx.update(orders)
    .set({
      status: outcome,
      version: order.version + 1,
      reason: outcome === "cancelled" ? reason : null,
    })
    .where(eq(orders.id, orderId))
    .run();
  if (ended) announce(tx, order, outcome, reason);
  return { status: outcome, effective: true };
}

/** What has an event of its own; the other inputs are told well enough by the order's end and its reason. */
function isOthersNews(input: OrderInput): boolean {
  return input !== "customer.cancelled" && input !== "saga.stalled";
}

function announce(tx: OrdersTransaction, order: OrderRow, status: OrderStatus, reason: string): void {
  const { id, userId, items, totalCents, currency } = order;
  const facts = { orderId: id, userId, items: [...items], totalCents, currency };
  const about = { key: id, subject: id };
  if (status === "confirmed") tx.publish("order.confirmed", facts, about);
  else tx.publish("order.cancelled", { ...facts, reason }, about);
}
