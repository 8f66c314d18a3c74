import { and, asc, eq, lt } from "drizzle-orm";
import { advance } from "./advance.ts";
import type { OrdersContext } from "./context.ts";
import { orders } from "./schema.ts";

/** Orders ended by one sweep; those left over are the next one's. */
const maxPerSweep = 200;

/**
 * Cancels orders that have been pending for `stallAfterMs`: some part of the saga is down for good, and nobody should
 * wait for it. Should its news come after all, it is late: stock and payment undo their part on `order.cancelled`.
 */
export function cancelStalledOrders(ctx: OrdersContext, stallAfterMs: number): void {
  const now = Date.now();
  const stalled = ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.status, "pending"), lt(orders.createdAt, now - stallAfterMs)))
    .orderBy(asc(orders.createdAt))
    .limit(maxPerSweep)
    .all();
  for (const { id } of stalled) {
    const { effective } = advance(ctx, { orderId: id, input: "saga.stalled", at: now, reason: "stalled" });
    if (effective) ctx.log.warn("order cancelled: it was pending for too long", { order: id, stallAfterMs });
  }
}

/** From ORDER_STALL_MS; 60 s by default. */
export function readStallAfterMs(env: Readonly<Record<string, string | undefined>>): number {
  const value = Number(env.ORDER_STALL_MS || 60_000);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error("ORDER_STALL_MS: a number of milliseconds above 0");
  return value;
}
