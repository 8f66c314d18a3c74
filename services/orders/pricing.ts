import { invalid, problem } from "microcosm";
import type { CatalogApi } from "../catalog/api.ts";
import type { OrdersContext } from "./context.ts";
import type { NewOrder } from "./new-order.ts";
import type { OrderLine } from "./schema.ts";

export interface PricedOrder {
  readonly items: readonly OrderLine[];
  readonly totalCents: number;
  readonly currency: string;
}

/** Prices as the catalogue has them now. Throws 422 for products that it does not have or that do not go together. */
export async function priceOrder(ctx: OrdersContext, { items }: NewOrder): Promise<PricedOrder> {
  const ids = items.map((item) => item.productId).join(",");
  const response = await ctx.call<CatalogApi>("catalog").prices.$get({ query: { ids } });
  if (!response.ok) throw problem(502, "catalog-failed", `The catalogue answered ${response.status}`);
  const { prices } = await response.json();
  const priceOf = new Map(prices.map((price) => [price.productId, price]));

  const unknown = items.filter((item) => !priceOf.has(item.productId));
  if (unknown.length > 0) {
    throw invalid(
      unknown.map(({ productId }) => ({ path: "items", message: `there is no product "${productId}"` })),
    );
  }
  const currencies = [...new Set(prices.map((price) => price.currency))];
  if (currencies.length !== 1) {
    throw invalid([{ path: "items", message: `mixes ${currencies.join(" and ")}; order them apart` }]);
  }
  const lines = items.map((item) => ({ ...item, priceCents: priceOf.get(item.productId)!.priceCents }));
  return {
    items: lines,
    totalCents: lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0),
    currency: currencies[0]!,
  };
}
