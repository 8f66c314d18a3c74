import { eq } from "drizzle-orm";
import type { EventOf } from "microcosm";
import type { orderEvents } from "../orders/events.ts";
import type { InventoryContext, InventoryTransaction } from "./context.ts";
import { actionOn, type OrderNews, type ReservationStatus } from "./reservation-states.ts";
import { reservations, type StockLine } from "./schema.ts";
import { move, shortageOf } from "./stock.ts";

type OrderEvent<Topic extends OrderNews> = EventOf<typeof orderEvents, Topic>;

/** A product may be ordered before the news of it got here; so often is the order put back before it is rejected. */
const unknownProductRetries = 4;

/** Reserves all lines of a new order, or none, and says which. */
export function orderPlaced(event: OrderEvent<"order.placed">, ctx: InventoryContext): void {
  const { orderId, userId, items, totalCents, currency, payment } = event.data;
  const about = { key: orderId, subject: orderId };
  ctx.transaction((tx) => {
    if (actionFor(tx, orderId, "order.placed") === "nothing") return;
    const lines = items.map(({ productId, quantity }) => ({ productId, quantity }));
    const reason = shortageOf(tx, lines);
    if (reason === "unknown-product" && event.delivery <= unknownProductRetries) {
      throw new Error(`order ${orderId} asks for a product that is not known here yet`);
    }
    if (reason !== undefined) {
      mark(tx, orderId, "rejected", []);
      tx.publish("stock.rejected", { orderId, userId, reason }, about);
      return;
    }
    move(tx, lines, "available", "reserved");
    mark(tx, orderId, "reserved", lines);
    tx.publish("stock.reserved", { orderId, userId, totalCents, currency, payment }, about);
  });
}

/** What was reserved is sold. */
export function orderConfirmed(event: OrderEvent<"order.confirmed">, ctx: InventoryContext): void {
  const { orderId } = event.data;
  ctx.transaction((tx) => {
    if (actionFor(tx, orderId, "order.confirmed") === "nothing") return;
    const lines = reservationOf(tx, orderId)!.lines;
    move(tx, lines, "reserved", "sold");
    mark(tx, orderId, "committed", lines);
  });
}

/** What was reserved, if anything, can be had by others again. */
export function orderCancelled(event: OrderEvent<"order.cancelled">, ctx: InventoryContext): void {
  const { orderId } = event.data;
  ctx.transaction((tx) => {
    const action = actionFor(tx, orderId, "order.cancelled");
    if (action === "mark-void") mark(tx, orderId, "void", []);
    if (action !== "release") return;
    const lines = reservationOf(tx, orderId)!.lines;
    move(tx, lines, "reserved", "available");
    mark(tx, orderId, "released", lines);
  });
}

function actionFor(tx: InventoryTransaction, orderId: string, news: OrderNews) {
  const status = reservationOf(tx, orderId)?.status;
  const action = actionOn(status, news);
  if (action === "impossible")
    throw new Error(`${news} for order ${orderId}, whose stock is ${status ?? "not reserved"}`);
  return action;
}

function reservationOf(tx: InventoryTransaction, orderId: string) {
  return tx.select().from(reservations).where(eq(reservations.orderId, orderId)).get();
}

function mark(
  tx: InventoryTransaction,
  orderId: string,
  status: ReservationStatus,
  lines: readonly StockLine[],
): void {
  const updatedAt = Date.now();
  tx.insert(reservations)
    .values({ orderId, status, lines, updatedAt })
    .onConflictDoUpdate({ target: reservations.orderId, set: { status, lines, updatedAt } })
    .run();
}
