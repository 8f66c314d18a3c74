import { eq } from "drizzle-orm";
import { Hono } from "hono";
import { problem, type ServiceEnv } from "microcosm";
import type { PaymentsContext } from "./context.ts";
import { payments } from "./schema.ts";

/** For operators (`microcosm call payments GET /payments/ID`); no route of the gateway leads here. */
export function paymentsApi(ctx: PaymentsContext) {
  return new Hono<ServiceEnv>().get("/payments/:orderId", (c) => {
    const orderId = c.req.param("orderId");
    const row = ctx.db.select().from(payments).where(eq(payments.orderId, orderId)).get();
    if (row === undefined)
      throw problem(404, "payment-not-found", "There is no payment for an order with this id");
    const { status, reason, amountCents, currency, chargeId, releaseDue } = row;
    return c.json({ orderId, status, reason, amountCents, currency, chargeId, releaseDue });
  });
}

export type PaymentsApi = ReturnType<typeof paymentsApi>;
