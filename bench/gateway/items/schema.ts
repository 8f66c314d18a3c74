import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const items = sqliteTable("items", {
  id: integer().primaryKey(),
  name: text().notNull(),
  description: text().notNull(),
  priceCents: integer("price_cents").notNull(),
});
