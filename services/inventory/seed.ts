import { sql } from "drizzle-orm";
import type { EventOf } from "microcosm";
import type { catalogEvents } from "../catalog/events.ts";
import type { InventoryContext } from "./context.ts";
import { stock } from "./schema.ts";

/** As many as the catalogue begins with, under the same ids. */
const seedCount = 500;
/** Every so many is nearly sold out, so that a workshop can see an order rejected. */
const scarceEvery = 100;
const scarceStock = 3;

/** What is in stock at first, the same in every run: 300 to 795 of nearly everything. */
export function seedStock(): { productId: string; available: number }[] {
  return Array.from({ length: seedCount }, (_, index) => {
    const number = index + 1;
    const plenty = 300 + ((number * 37) % 100) * 5;
    return {
      productId: `p-${String(number).padStart(4, "0")}`,
      available: number % scarceEvery === 0 ? scarceStock : plenty,
    };
  });
}

/** Once per database, also when several instances start together. */
export function seedInventory(ctx: InventoryContext): void {
  if (hasStock(ctx.db)) return;
  ctx.transaction((tx) => {
    if (hasStock(tx)) return;
    // As one JSON text: a thousand variables took four times as long.
    tx.run(sql`
      INSERT INTO stock (product_id, available)
      SELECT value ->> 'productId', value ->> 'available' FROM json_each(${JSON.stringify(seedStock())})`);
  });
}

/** A product that was added later begins with the stock that came with it. */
export function productCreated(
  event: EventOf<typeof catalogEvents, "product.created">,
  ctx: InventoryContext,
): void {
  const { productId, initialStock } = event.data;
  ctx.transaction((tx) => {
    tx.insert(stock).values({ productId, available: initialStock }).onConflictDoNothing().run();
  });
}

function hasStock(db: Pick<InventoryContext["db"], "select">): boolean {
  return db.select({ productId: stock.productId }).from(stock).limit(1).get() !== undefined;
}
