import { and, asc, eq, gt, inArray, max, sql } from "drizzle-orm";
import { invalid } from "microcosm";
import { z } from "zod";
import type { CatalogContext } from "./context.ts";
import { productId } from "./product-id.ts";
import { products } from "./schema.ts";
import { foldedText, searchFilter } from "./search.ts";

export const newProduct = z.object({
  name: z.string().trim().min(1, "is missing").max(200),
  description: z.string().trim().max(2000).default(""),
  priceCents: z.int("is a whole number of cents").min(0).max(100_000_000),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "is a currency's three letters (ISO 4217)")
    .default("EUR"),
  initialStock: z.int().min(0).max(1_000_000).default(100),
});

export const productQuery = z.object({
  search: z.string().max(200).default(""),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().min(1).max(64).optional(),
});

/** What the world sees of a product. */
const view = {
  id: products.id,
  name: products.name,
  description: products.description,
  priceCents: products.priceCents,
  currency: products.currency,
};

/** Reads and writes of the catalogue, with the statements of the hot ones prepared once per instance. */
export class Products {
  readonly #ctx: CatalogContext;
  readonly #byId;

  constructor(ctx: CatalogContext) {
    this.#ctx = ctx;
    this.#byId = ctx.db
      .select(view)
      .from(products)
      .where(eq(products.id, sql.placeholder("id")))
      .prepare();
  }

  /** Hot: the read that the gateway's throughput is measured with. One prepared statement, one row. */
  get(id: string) {
    return this.#byId.get({ id });
  }

  /** Keyset pages: `next` is the id to go on after, null at the end. Throws 422 when `after` is no product's id. */
  list({ search, limit, after }: z.output<typeof productQuery>) {
    const afterSeq = after === undefined ? undefined : this.#seqOf(after);
    const rows = this.#ctx.db
      .select(view)
      .from(products)
      .where(and(afterSeq === undefined ? undefined : gt(products.seq, afterSeq), searchFilter(search)))
      .orderBy(asc(products.seq))
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1)
      .all();
    const items = rows.slice(0, limit);
    return { items, next: rows.length > limit ? items.at(-1)!.id : null };
  }

  #seqOf(id: string): number {
    const row = this.#ctx.db.select({ seq: products.seq }).from(products).where(eq(products.id, id)).get();
    if (row === undefined) throw invalid([{ path: "after", message: "is not the id of a product" }]);
    return row.seq;
  }

  /** Prices of those of `ids` that exist. */
  prices(ids: readonly string[]) {
    return this.#ctx.db
      .select({ productId: products.id, priceCents: products.priceCents, currency: products.currency })
      .from(products)
      .where(inArray(products.id, [...ids]))
      .all();
  }

  create(input: z.output<typeof newProduct>) {
    return this.#ctx.transaction((tx) => {
      const highest = tx
        .select({ seq: max(products.seq) })
        .from(products)
        .get();
      const seq = (highest?.seq ?? 0) + 1;
      const { name, description, priceCents, currency, initialStock } = input;
      const product = { id: productId(seq), name, description, priceCents, currency };
      tx.insert(products)
        .values({ ...product, seq, folded: foldedText(name, description) })
        .run();
      tx.publish(
        "product.created",
        { productId: product.id, name, priceCents, currency, initialStock },
        { key: product.id, subject: product.id },
      );
      return product;
    });
  }
}
