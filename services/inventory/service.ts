import { defineService } from "microcosm";
import { inventoryApi } from "./api.ts";
import { inventoryEvents } from "./events.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import { orderCancelled, orderConfirmed, orderPlaced } from "./reservations.ts";
import * as schema from "./schema.ts";
import { productCreated, seedInventory } from "./seed.ts";

/** How much there is of each product, and who holds it. */
export const inventory = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  events: inventoryEvents,
  api: inventoryApi,
  subscriptions: {
    "product.created": productCreated,
    "order.placed": orderPlaced,
    "order.confirmed": orderConfirmed,
    "order.cancelled": orderCancelled,
  },
  start: seedInventory,
});
