import { eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { Hono } from "hono";
import { items } from "./schema.ts";

/** The measured app: one prepared SQLite read. The same function runs behind Microcosm's gateway and behind nginx. */
export function itemsApi(db: BunSQLiteDatabase<{ items: typeof items }>, jwks: string) {
  const byId = db
    .select()
    .from(items)
    .where(eq(items.id, sql.placeholder("id")))
    .prepare();
  return new Hono()
    .get("/items/:id", (c) => {
      const item = byId.get({ id: Number(c.req.param("id")) });
      return item === undefined ? c.notFound() : c.json(item);
    })
    .get("/jwks.json", (c) => c.body(jwks, 200, { "content-type": "application/json" }));
}
