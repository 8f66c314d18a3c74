import { defineService } from "microcosm";
import { notificationsApi } from "./api.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import * as schema from "./schema.ts";
import { notificationSubscriptions } from "./subscriptions.ts";

/** Tells users what became of their account and their orders. */
export const notifications = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  api: notificationsApi,
  subscriptions: notificationSubscriptions,
});
