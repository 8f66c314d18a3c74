import { defineService } from "microcosm";
import { ordersApi } from "./api.ts";
import { orderEvents } from "./events.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import { pruneIdempotencyKeys } from "./prune.ts";
import * as schema from "./schema.ts";
import { sagaSubscriptions } from "./subscriptions.ts";
import { cancelStalledOrders, readStallAfterMs } from "./sweep.ts";

const sweepIntervalMs = 5000;
const pruneIntervalMs = 60 * 1000;

/** Takes orders and leads each through its saga: stock reserved, payment captured, confirmed, or all undone. */
export const orders = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  events: orderEvents,
  api: ordersApi,
  subscriptions: sagaSubscriptions,
  start(ctx) {
    const stallAfterMs = readStallAfterMs(ctx.env);
    ctx.every(sweepIntervalMs, () => cancelStalledOrders(ctx, stallAfterMs));
    ctx.every(pruneIntervalMs, () => pruneIdempotencyKeys(ctx));
  },
});
