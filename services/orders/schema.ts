import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { OrderStatus } from "./order-states.ts";

export interface OrderLine {
  readonly productId: string;
  readonly quantity: number;
  readonly priceCents: number;
}

export const orders = sqliteTable("orders", {
  /** UUIDv7: sorts by age. */
  id: text("id").primaryKey(),
  userId: text("user_id").notNull(),
  status: text("status").$type<OrderStatus>().notNull(),
  reason: text("reason"),
  items: text("items", { mode: "json" }).$type<readonly OrderLine[]>().notNull(),
  totalCents: integer("total_cents").notNull(),
  currency: text("currency").notNull(),
  /** Grows with each entry of the history; tells watchers that there is something new. */
  version: integer("version").notNull(),
  createdAt: integer("created_at").notNull(),
});

export const orderHistory = sqliteTable("order_history", {
  seq: integer("seq").primaryKey(),
  orderId: text("order_id")
    .notNull()
    .references(() => orders.id),
  type: text("type").notNull(),
  at: integer("at").notNull(),
});

export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    userId: text("user_id").notNull(),
    key: text("key").notNull(),
    /** SHA-256 of what was asked for, in canonical form. */
    requestHash: text("request_hash").notNull(),
    orderId: text("order_id")
      .notNull()
      .references(() => orders.id),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.key] })],
);
