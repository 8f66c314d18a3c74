import { eq } from "drizzle-orm";
import type { EventOf } from "microcosm";
import type { inventoryEvents } from "../inventory/events.ts";
import type { PaymentsContext, PaymentsTransaction } from "./context.ts";
import type { ChargeOutcome, ChargeRequest, PaymentProvider } from "./provider.ts";
import { payments } from "./schema.ts";

type Outcome = ChargeOutcome | { readonly outcome: "timeout" };

/**
 * Charges an order whose stock is reserved, in three steps: see whether there is anything left to do, ask the
 * provider, and write down what came of it together with the event that says so.
 *
 * A crash before the last step delivers the event again, and the provider knows the charge by its key. A cancellation
 * that comes during the second step is found by the third; one that comes later finds the row.
 */
export async function chargeOrder(
  ctx: PaymentsContext,
  provider: PaymentProvider,
  event: EventOf<typeof inventoryEvents, "stock.reserved">,
  timeoutMs: number,
): Promise<void> {
  const { orderId, totalCents, currency, payment } = event.data;
  const request = { key: orderId, token: payment.token, amountCents: totalCents, currency };
  const known = ctx.db.select().from(payments).where(eq(payments.orderId, orderId)).get();
  const outcome = known === undefined ? await chargeWithin(provider, request, timeoutMs) : undefined;
  ctx.transaction((tx) => settle(tx, request, outcome));
}

async function chargeWithin(
  provider: PaymentProvider,
  request: ChargeRequest,
  timeoutMs: number,
): Promise<Outcome> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    return await provider.charge(request, timeout.signal);
  } catch (error) {
    if (timeout.signal.aborted) return { outcome: "timeout" };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function settle(tx: PaymentsTransaction, request: ChargeRequest, outcome: Outcome | undefined): void {
  const { key: orderId, amountCents, currency } = request;
  const row = tx.select().from(payments).where(eq(payments.orderId, orderId)).get();
  const updatedAt = Date.now();
  if (row?.status === "void") {
    // Cancelled before, or while the provider was asked. This time or in a run that crashed, it may have said yes.
    const taken =
      outcome?.outcome === "captured" ? { status: "refunded" as const, chargeId: outcome.chargeId } : {};
    tx.update(payments)
      .set({ ...taken, amountCents, currency, releaseDue: true, updatedAt })
      .where(eq(payments.orderId, orderId))
      .run();
    return;
  }
  if (row !== undefined || outcome === undefined) return;

  const about = { key: orderId, subject: orderId };
  const facts = { orderId, amountCents, currency, updatedAt };
  if (outcome.outcome === "captured") {
    tx.insert(payments)
      .values({ ...facts, status: "captured", chargeId: outcome.chargeId })
      .run();
    tx.publish("payment.captured", { orderId, amountCents, currency }, about);
  } else {
    const reason = outcome.outcome;
    // No answer is not a no: should the money have been taken, it goes back.
    tx.insert(payments)
      .values({ ...facts, status: "failed", reason, releaseDue: reason === "timeout" })
      .run();
    tx.publish("payment.failed", { orderId, reason }, about);
  }
}
