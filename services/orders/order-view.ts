import { and, asc, desc, eq, lt, sql } from "drizzle-orm";
import { problem } from "microcosm";
import { z } from "zod";
import type { OrdersContext } from "./context.ts";
import { orderHistory, orders } from "./schema.ts";

export const orderQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.uuid("is not an order's id").optional(),
});

type OrderRow = typeof orders.$inferSelect;

/** Orders as their owner sees them. */
export class OrderViews {
  readonly #ctx: OrdersContext;
  readonly #row;
  readonly #history;

  constructor(ctx: OrdersContext) {
    this.#ctx = ctx;
    this.#row = ctx.db
      .select()
      .from(orders)
      .where(eq(orders.id, sql.placeholder("id")))
      .prepare();
    this.#history = ctx.db
      .select({ type: orderHistory.type, at: orderHistory.at })
      .from(orderHistory)
      .where(eq(orderHistory.orderId, sql.placeholder("id")))
      .orderBy(asc(orderHistory.at), asc(orderHistory.seq))
      .prepare();
  }

  /** Throws 404, also for the order of someone else: whether it exists is none of theirs to know. */
  ownRow(userId: string, id: string): OrderRow {
    const row = this.#row.get({ id });
    if (row === undefined || row.userId !== userId) {
      throw problem(404, "order-not-found", "You have no order with this id");
    }
    return row;
  }

  own(userId: string, id: string) {
    return this.detail(this.ownRow(userId, id));
  }

  detail(row: OrderRow) {
    const history = this.#history.all({ id: row.id });
    return { ...summary(row), history: history.map(({ type, at }) => ({ type, at: isoTime(at) })) };
  }

  /** Newest first, in keyset pages: `next` is the id to go on after, null at the end. */
  list(userId: string, { limit, after }: z.output<typeof orderQuery>) {
    const rows = this.#ctx.db
      .select()
      .from(orders)
      .where(and(eq(orders.userId, userId), after === undefined ? undefined : lt(orders.id, after)))
      .orderBy(desc(orders.id))
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1)
      .all();
    const items = rows.slice(0, limit).map(summary);
    return { items, next: rows.length > limit ? items.at(-1)!.id : null };
  }
}

function summary({ id, status, reason, items, totalCents, currency, createdAt }: OrderRow) {
  return {
    id,
    status,
    ...(reason === null ? {} : { reason }),
    items,
    totalCents,
    currency,
    createdAt: isoTime(createdAt),
  };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
