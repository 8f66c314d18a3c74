import { z } from "zod";

export const catalogEvents = {
  /** Key: the product's id. */
  "product.created": z.object({
    productId: z.string(),
    name: z.string(),
    priceCents: z.int().nonnegative(),
    currency: z.string(),
    /** How many the shop begins with; inventory keeps the count from then on. */
    initialStock: z.int().nonnegative(),
  }),
};
