import type { Event, EventOf } from "microcosm";
import type { inventoryEvents } from "../inventory/events.ts";
import type { paymentEvents } from "../payments/events.ts";
import { advance } from "./advance.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderInput } from "./order-states.ts";

type FromInventory<Topic extends keyof typeof inventoryEvents> = EventOf<typeof inventoryEvents, Topic>;
type FromPayments<Topic extends keyof typeof paymentEvents> = EventOf<typeof paymentEvents, Topic>;

/** What the others say about an order, handed to its state machine. */
export const sagaSubscriptions = {
  "stock.reserved": (event: FromInventory<"stock.reserved">, ctx: OrdersContext) =>
    take(ctx, "stock.reserved", event, ""),
  "stock.rejected": (event: FromInventory<"stock.rejected">, ctx: OrdersContext) =>
    take(ctx, "stock.rejected", event, event.data.reason),
  "payment.captured": (event: FromPayments<"payment.captured">, ctx: OrdersContext) =>
    take(ctx, "payment.captured", event, ""),
  "payment.failed": (event: FromPayments<"payment.failed">, ctx: OrdersContext) =>
    take(ctx, "payment.failed", event, `payment-${event.data.reason}`),
};

function take(
  ctx: OrdersContext,
  input: OrderInput,
  event: Event<{ readonly orderId: string }>,
  reason: string,
): void {
  advance(ctx, { orderId: event.data.orderId, input, at: Date.parse(event.time), reason });
}
