import { sql } from "drizzle-orm";
import type { CatalogContext } from "./context.ts";
import { productId } from "./product-id.ts";
import { foldedText } from "./search.ts";
import { products } from "./schema.ts";
import { ranges } from "./seed-data.ts";

/** Each later finish of a range costs this much more than the one before. */
const finishStep = 0.07;

const seedCount = 500;

/** The 500 products of a new shop, the same in every run. Neighbours in the list are of different ranges. */
export function seedProducts() {
  return Array.from({ length: seedCount }, (_, index) => {
    const range = ranges[index % ranges.length]!;
    const nth = Math.floor(index / ranges.length);
    const kind = range.kinds[nth % range.kinds.length]!;
    const finishIndex = Math.floor(nth / range.kinds.length);
    const finish = range.finishes[finishIndex]!;
    const name = `${finish[0]} ${kind[0]}`;
    const description = `${kind[1]}, ${finish[1]}.`;
    return {
      seq: index + 1,
      id: productId(index + 1),
      name,
      description,
      priceCents: shelfPrice(kind[2] * (1 + finishIndex * finishStep)),
      currency: "EUR",
      folded: foldedText(name, description),
    };
  });
}

/** Once per database: instances that start together wait for the one that got the lock, and find it done. */
export function seedCatalog(ctx: CatalogContext): void {
  if (hasProducts(ctx.db)) return;
  ctx.transaction((tx) => {
    if (hasProducts(tx)) return;
    // As one JSON text: 3500 variables took four times as long, on the way to the first answer of a new shop.
    tx.run(sql`
      INSERT INTO products (seq, id, name, description, price_cents, currency, folded)
      SELECT value ->> 'seq', value ->> 'id', value ->> 'name', value ->> 'description',
             value ->> 'priceCents', value ->> 'currency', value ->> 'folded'
      FROM json_each(${JSON.stringify(seedProducts())})`);
  });
}

function hasProducts(db: Pick<CatalogContext["db"], "select">): boolean {
  return db.select({ seq: products.seq }).from(products).limit(1).get() !== undefined;
}

/** To ten cents: 1287 → 1290. */
function shelfPrice(cents: number): number {
  return Math.round(cents / 10) * 10;
}
