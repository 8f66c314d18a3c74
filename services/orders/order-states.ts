/**
 * An order's life. What happened elsewhere comes in as an input; the table says what becomes of the order.
 *
 * ```
 *            stock.reserved                 payment.captured
 *               ┌────┐    ┌──────────────────────────────────────▶ confirmed
 *               ▼    │    │
 *            pending ─────┤
 *                         └──────────────────────────────────────▶ cancelled
 *             stock.rejected, payment.failed, customer.cancelled, saga.stalled
 * ```
 */
export type OrderStatus = "pending" | "confirmed" | "cancelled";

export type OrderInput =
  | "stock.reserved"
  | "stock.rejected"
  | "payment.captured"
  | "payment.failed"
  | "customer.cancelled"
  | "saga.stalled";

/** `late`: it may come, and changes nothing any more. `impossible`: no right order of events leads here. */
export type Outcome = OrderStatus | "late" | "impossible";

const table: Readonly<Record<OrderStatus, Readonly<Record<OrderInput, Outcome>>>> = {
  pending: {
    "stock.reserved": "pending",
    "stock.rejected": "cancelled",
    "payment.captured": "confirmed",
    "payment.failed": "cancelled",
    "customer.cancelled": "cancelled",
    "saga.stalled": "cancelled",
  },
  confirmed: {
    // Topics are ordered each for itself: the payment's news can overtake the stock's.
    "stock.reserved": "confirmed",
    "stock.rejected": "impossible",
    "payment.captured": "late",
    "payment.failed": "impossible",
    "customer.cancelled": "late",
    "saga.stalled": "late",
  },
  cancelled: {
    "stock.reserved": "late",
    "stock.rejected": "late",
    // The customer was quicker; payments gives the money back when it hears of the cancellation.
    "payment.captured": "late",
    "payment.failed": "late",
    "customer.cancelled": "late",
    "saga.stalled": "late",
  },
};

export function outcomeOf(status: OrderStatus, input: OrderInput): Outcome {
  return table[status][input];
}

export function isFinal(status: OrderStatus): boolean {
  return status !== "pending";
}
