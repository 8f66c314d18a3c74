import { defineService } from "microcosm";
import { itemsApi } from "./api.ts";
import m0001 from "./migrations/0001_items.sql" with { type: "text" };
import { items } from "./schema.ts";

export const service = defineService({
  database: { schema: { items }, migrations: [{ name: "0001_items", sql: m0001 }] },
  api: ({ db, env }) => itemsApi(db, env.BENCH_JWKS ?? '{"keys":[]}'),
});
