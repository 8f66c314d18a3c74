import { z } from "zod";

/** The tokens that the shop's payment provider knows. */
export const paymentToken = z.enum(["tok_ok", "tok_declined", "tok_timeout"]);

export type PaymentToken = z.output<typeof paymentToken>;

const orderFacts = z.object({
  orderId: z.string(),
  userId: z.string(),
  items: z.array(
    z.object({ productId: z.string(), quantity: z.int().positive(), priceCents: z.int().nonnegative() }),
  ),
  totalCents: z.int().nonnegative(),
  currency: z.string(),
});

/** Key of each: the order's id. */
export const orderEvents = {
  "order.placed": orderFacts.extend({ payment: z.object({ token: paymentToken }) }),
  "order.confirmed": orderFacts,
  "order.cancelled": orderFacts.extend({ reason: z.string() }),
};
