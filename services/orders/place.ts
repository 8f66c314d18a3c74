import { and, eq } from "drizzle-orm";
import { problem } from "microcosm";
import type { OrdersContext } from "./context.ts";
import { type NewOrder, requestHash } from "./new-order.ts";
import { priceOrder } from "./pricing.ts";
import { idempotencyKeys, orderHistory, orders } from "./schema.ts";

/** The answer to an order placed, the same for each repetition. */
export interface PlacedOrder {
  readonly id: string;
  readonly status: "pending";
  readonly totalCents: number;
}

/**
 * Places an order once per user and key. The order, its key and `order.placed` commit together, so that there is
 * never one without the others. Throws 409 `idempotency-key-reused`, and what pricing throws.
 */
export async function placeOrder(
  ctx: OrdersContext,
  userId: string,
  key: string,
  order: NewOrder,
): Promise<PlacedOrder> {
  const hash = requestHash(order);
  // Before the prices are asked for: a repetition gets its answer though the catalogue be away or dearer by now.
  const earlier = earlierAnswer(ctx.db, userId, key, hash);
  if (earlier !== undefined) return earlier;

  const { items, totalCents, currency } = await priceOrder(ctx, order);
  const id = Bun.randomUUIDv7();
  return ctx.transaction((tx) => {
    // Once more under the write lock: the same request may have come twice at the same time.
    const meanwhile = earlierAnswer(tx, userId, key, hash);
    if (meanwhile !== undefined) return meanwhile;
    const createdAt = Date.now();
    tx.insert(orders)
      .values({ id, userId, status: "pending", items, totalCents, currency, version: 1, createdAt })
      .run();
    tx.insert(orderHistory).values({ orderId: id, type: "order.placed", at: createdAt }).run();
    tx.insert(idempotencyKeys).values({ userId, key, requestHash: hash, orderId: id, createdAt }).run();
    tx.publish(
      "order.placed",
      { orderId: id, userId, items: [...items], totalCents, currency, payment: order.payment },
      { key: id, subject: id },
    );
    return { id, status: "pending", totalCents };
  });
}

function earlierAnswer(
  db: Pick<OrdersContext["db"], "select">,
  userId: string,
  key: string,
  hash: string,
): PlacedOrder | undefined {
  const row = db
    .select({ hash: idempotencyKeys.requestHash, id: orders.id, totalCents: orders.totalCents })
    .from(idempotencyKeys)
    .innerJoin(orders, eq(orders.id, idempotencyKeys.orderId))
    .where(and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key)))
    .get();
  if (row === undefined) return undefined;
  if (row.hash !== hash) {
    throw problem(409, "idempotency-key-reused", "This Idempotency-Key came with another order before");
  }
  return { id: row.id, status: "pending", totalCents: row.totalCents };
}
