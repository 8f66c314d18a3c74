import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { problem, requireUser, type ServiceEnv, validate } from "microcosm";
import { z } from "zod";
import type { CatalogContext } from "./context.ts";
import { newProduct, productQuery, Products } from "./products.ts";

const pricesQuery = z.object({
  /** Product ids, separated by commas. */
  ids: z
    .string()
    .transform((ids) => ids.split(","))
    .pipe(z.array(z.string().min(1).max(64)).max(100)),
});

const adminOnly = createMiddleware<ServiceEnv>(async (c, next) => {
  requireUser(c.env, "admin");
  await next();
});

export function catalogApi(ctx: CatalogContext) {
  const products = new Products(ctx);

  return (
    new Hono<ServiceEnv>()
      .get("/products/:id", (c) => {
        const product = products.get(c.req.param("id"));
        if (product === undefined)
          throw problem(404, "product-not-found", "There is no product with this id");
        return c.json(product);
      })
      .get("/products", validate("query", productQuery), (c) => c.json(products.list(c.req.valid("query"))))
      .post("/products", adminOnly, validate("json", newProduct), (c) => {
        const product = products.create(c.req.valid("json"));
        return c.json(product, 201, { location: `/v1/products/${product.id}` });
      })
      // For other services: what an order costs, in one call however long it is.
      .get("/prices", validate("query", pricesQuery), (c) =>
        c.json({ prices: products.prices(c.req.valid("query").ids) }),
      )
  );
}

export type CatalogApi = ReturnType<typeof catalogApi>;
