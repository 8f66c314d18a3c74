import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * - `captured`: the money is held
 * - `failed`: declined, or no answer in time; nothing is held
 * - `refunded`: it was captured, then the order was cancelled
 * - `void`: the order was cancelled before it was charged
 */
export type PaymentStatus = "captured" | "failed" | "refunded" | "void";

/** One row per order, which is why an order is charged once at the most. */
export const payments = sqliteTable("payments", {
  orderId: text("order_id").primaryKey(),
  status: text("status").$type<PaymentStatus>().notNull(),
  reason: text("reason").$type<"declined" | "timeout">(),
  /** Null while all that is known of the order is that it was cancelled. */
  amountCents: integer("amount_cents"),
  currency: text("currency"),
  chargeId: text("charge_id"),
  /** The provider is still to be told that nothing may be held for this order. */
  releaseDue: integer("release_due", { mode: "boolean" }).notNull().default(false),
  updatedAt: integer("updated_at").notNull(),
});
