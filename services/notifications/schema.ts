import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export type NotificationType = "user.registered" | "order.confirmed" | "order.cancelled";

export const notifications = sqliteTable("notifications", {
  /** UUIDv7: sorts by age. */
  id: text("id").primaryKey(),
  userId: text("user_id").notNull(),
  type: text("type").$type<NotificationType>().notNull(),
  /** The order or user it is about. */
  subjectId: text("subject_id").notNull(),
  message: text("message").notNull(),
  createdAt: integer("created_at").notNull(),
});
