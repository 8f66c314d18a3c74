import { eq, sql } from "drizzle-orm";
import { Hono } from "hono";
import { problem, type ServiceEnv } from "microcosm";
import type { InventoryContext } from "./context.ts";
import { stock } from "./schema.ts";

export function inventoryApi(ctx: InventoryContext) {
  const stockOf = ctx.db
    .select({ productId: stock.productId, available: stock.available, reserved: stock.reserved })
    .from(stock)
    .where(eq(stock.productId, sql.placeholder("productId")))
    .prepare();

  return new Hono<ServiceEnv>().get("/stock/:productId", (c) => {
    const row = stockOf.get({ productId: c.req.param("productId") });
    if (row === undefined)
      throw problem(404, "stock-not-found", "There is no stock of a product with this id");
    return c.json(row);
  });
}

export type InventoryApi = ReturnType<typeof inventoryApi>;
