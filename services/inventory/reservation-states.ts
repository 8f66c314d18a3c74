/**
 * What inventory does about an order, by what it did before and what it hears now. Topics are ordered each for
 * itself: a cancellation can come before the order that it cancels, and then leaves a `void` mark for it to find.
 */
export type ReservationStatus = "reserved" | "rejected" | "committed" | "released" | "void";

export type OrderNews = "order.placed" | "order.confirmed" | "order.cancelled";

export type StockAction = "reserve" | "commit" | "release" | "mark-void" | "nothing" | "impossible";

const table: Readonly<Record<ReservationStatus | "none", Readonly<Record<OrderNews, StockAction>>>> = {
  none: {
    "order.placed": "reserve",
    // Nothing is confirmed before its stock was reserved here.
    "order.confirmed": "impossible",
    "order.cancelled": "mark-void",
  },
  reserved: {
    "order.placed": "nothing",
    "order.confirmed": "commit",
    "order.cancelled": "release",
  },
  rejected: {
    "order.placed": "nothing",
    "order.confirmed": "impossible",
    "order.cancelled": "nothing",
  },
  committed: {
    "order.placed": "nothing",
    "order.confirmed": "nothing",
    // An order that was confirmed is never cancelled.
    "order.cancelled": "impossible",
  },
  released: {
    "order.placed": "nothing",
    "order.confirmed": "impossible",
    "order.cancelled": "nothing",
  },
  void: {
    "order.placed": "nothing",
    "order.confirmed": "impossible",
    "order.cancelled": "nothing",
  },
};

export function actionOn(status: ReservationStatus | undefined, news: OrderNews): StockAction {
  return table[status ?? "none"][news];
}
