import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ReservationStatus } from "./reservation-states.ts";

export interface StockLine {
  readonly productId: string;
  readonly quantity: number;
}

/** The three counts of a product add up to what was put in stock. */
export const stock = sqliteTable("stock", {
  productId: text("product_id").primaryKey(),
  available: integer("available").notNull(),
  reserved: integer("reserved").notNull().default(0),
  sold: integer("sold").notNull().default(0),
});

/** What became of each order here. A row stays, so that whatever comes late or twice finds it. */
export const reservations = sqliteTable("reservations", {
  orderId: text("order_id").primaryKey(),
  status: text("status").$type<ReservationStatus>().notNull(),
  /** As reserved; empty when nothing ever was. */
  lines: text("lines", { mode: "json" }).$type<readonly StockLine[]>().notNull(),
  updatedAt: integer("updated_at").notNull(),
});
