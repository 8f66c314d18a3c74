import { z } from "zod";

/** Key of each: the order's id. */
export const paymentEvents = {
  "payment.captured": z.object({
    orderId: z.string(),
    amountCents: z.int().nonnegative(),
    currency: z.string(),
  }),
  "payment.failed": z.object({ orderId: z.string(), reason: z.enum(["declined", "timeout"]) }),
};
