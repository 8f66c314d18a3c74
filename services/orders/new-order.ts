import { z } from "zod";
import { paymentToken } from "./events.ts";

const maxItems = 100;
const maxQuantity = 1000;

/** What a customer sends. Lines of the same product are added up, and sorted: equal orders have one form. */
export const newOrder = z.object({
  items: z
    .array(
      z.object({
        productId: z.string().min(1, "is missing").max(64),
        quantity: z.int("is a whole number").min(1, "is 1 at least").max(maxQuantity),
      }),
    )
    .min(1, "needs one item at least")
    .max(maxItems, `takes at most ${maxItems} items`)
    .transform((items) => {
      const quantities = new Map<string, number>();
      for (const { productId, quantity } of items) {
        quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
      }
      return [...quantities]
        .map(([productId, quantity]) => ({ productId, quantity }))
        .sort((a, b) => (a.productId < b.productId ? -1 : 1));
    }),
  payment: z.object({ token: paymentToken }),
});

export type NewOrder = z.output<typeof newOrder>;

/** Equal for requests that ask for the same, however their JSON is written. */
export function requestHash({ items, payment }: NewOrder): string {
  const canonical = JSON.stringify([items.map((item) => [item.productId, item.quantity]), payment.token]);
  return new Bun.CryptoHasher("sha256").update(canonical).digest("hex");
}
