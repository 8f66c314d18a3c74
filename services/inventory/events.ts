import { z } from "zod";

export const inventoryEvents = {
  /** Key: the order's id. Carries what payments needs, so that it need not ask anyone. */
  "stock.reserved": z.object({
    orderId: z.string(),
    userId: z.string(),
    totalCents: z.int().nonnegative(),
    currency: z.string(),
    payment: z.object({ token: z.string() }),
  }),
  /** Key: the order's id. */
  "stock.rejected": z.object({
    orderId: z.string(),
    userId: z.string(),
    reason: z.enum(["out-of-stock", "unknown-product"]),
  }),
  /** Key: the product's id. */
  "stock.changed": z.object({
    productId: z.string(),
    available: z.int().nonnegative(),
    reserved: z.int().nonnegative(),
  }),
};
