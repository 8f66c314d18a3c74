import { defineService } from "microcosm";
import { catalogApi } from "./api.ts";
import { catalogEvents } from "./events.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import * as schema from "./schema.ts";
import { seedCatalog } from "./seed.ts";

/** The products and what they cost. */
export const catalog = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  events: catalogEvents,
  api: catalogApi,
  start: seedCatalog,
});
