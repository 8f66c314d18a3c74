import { defineService, type EventOf } from "microcosm";
import type { inventoryEvents } from "../inventory/events.ts";
import type { orderEvents } from "../orders/events.ts";
import { paymentsApi } from "./api.ts";
import { chargeOrder } from "./charge.ts";
import type { PaymentsContext } from "./context.ts";
import { paymentEvents } from "./events.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import { type PaymentProvider, sandboxProvider } from "./provider.ts";
import { orderCancelled, releaseDue } from "./release.ts";
import * as schema from "./schema.ts";

/** So many orders wait for the provider at once: one that never answers must not hold up the others. */
const chargesAtOnce = 256;
const releaseIntervalMs = 1000;

export function definePayments(provider: PaymentProvider) {
  return defineService({
    database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
    events: paymentEvents,
    api: paymentsApi,
    subscriptions: {
      "stock.reserved": {
        concurrency: chargesAtOnce,
        handler: (event: EventOf<typeof inventoryEvents, "stock.reserved">, ctx: PaymentsContext) =>
          chargeOrder(ctx, provider, event, readTimeoutMs(ctx.env)),
      },
      "order.cancelled": (event: EventOf<typeof orderEvents, "order.cancelled">, ctx: PaymentsContext) =>
        orderCancelled(ctx, event.data.orderId),
    },
    start(ctx) {
      readTimeoutMs(ctx.env);
      ctx.every(releaseIntervalMs, () => releaseDue(ctx, provider));
    },
  });
}

/** Takes the money for orders whose stock is reserved, and gives it back for those that are cancelled. */
export const payments = definePayments(sandboxProvider);

/** How long the provider may take: PAYMENT_TIMEOUT_MS, 1 s by default. */
function readTimeoutMs(env: Readonly<Record<string, string | undefined>>): number {
  const value = Number(env.PAYMENT_TIMEOUT_MS || 1000);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error("PAYMENT_TIMEOUT_MS: a number of milliseconds above 0");
  return value;
}
