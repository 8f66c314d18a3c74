import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The same as the migrations make, for typed queries. */
export const greetings = sqliteTable("greetings", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  text: text("text").notNull(),
  /** Milliseconds since the epoch. */
  sentAt: integer("sent_at").notNull(),
});
