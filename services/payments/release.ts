import { and, asc, eq } from "drizzle-orm";
import type { PaymentsContext } from "./context.ts";
import type { PaymentProvider } from "./provider.ts";
import { payments } from "./schema.ts";

/** Releases asked for by one sweep; those left over are the next one's. */
const maxPerSweep = 200;

/** The order was cancelled: money that was captured goes back, and what is not charged yet never will be. */
export function orderCancelled(ctx: PaymentsContext, orderId: string): void {
  ctx.transaction((tx) => {
    const updatedAt = Date.now();
    tx.insert(payments).values({ orderId, status: "void", updatedAt }).onConflictDoNothing().run();
    tx.update(payments)
      .set({ status: "refunded", releaseDue: true, updatedAt })
      .where(and(eq(payments.orderId, orderId), eq(payments.status, "captured")))
      .run();
  });
}

/**
 * Tells the provider of every order that nothing may be held for any more. What is due stands in the database until
 * the provider has taken it, so that neither a crash nor a provider that is away loses a refund.
 */
export async function releaseDue(ctx: PaymentsContext, provider: PaymentProvider): Promise<void> {
  const due = ctx.db
    .select({ orderId: payments.orderId })
    .from(payments)
    .where(eq(payments.releaseDue, true))
    .orderBy(asc(payments.updatedAt))
    .limit(maxPerSweep)
    .all();
  for (const { orderId } of due) {
    try {
      await provider.release(orderId);
    } catch (error) {
      ctx.log.warn("the payment provider did not take a release; it is tried again", {
        order: orderId,
        error: String(error),
      });
      continue;
    }
    ctx.transaction((tx) => {
      tx.update(payments).set({ releaseDue: false }).where(eq(payments.orderId, orderId)).run();
    });
  }
}
