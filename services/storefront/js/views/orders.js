import { get } from "../api.js";
import { emptyState, h, money, when } from "../dom.js";
import { pagedList } from "./paged-list.js";
import { reasonText, shortId, statusChip } from "./order-words.js";

/** The customer's orders, newest first. */
export async function ordersView({ element, signal }) {
  await pagedList({
    element,
    signal,
    title: "Your orders",
    load: (after) =>
      get(`/v1/orders?limit=20${after ? `&after=${encodeURIComponent(after)}` : ""}`, { signal }),
    item: orderLine,
    empty: () =>
      emptyState(
        "No orders yet",
        "They appear here as soon as you place one.",
        h("a", { class: "button", href: "#/" }, "See all products"),
      ),
  });
}

function orderLine(order) {
  const count = order.items.reduce((sum, item) => sum + item.quantity, 0);
  return h(
    "li",
    { class: "entry" },
    h(
      "div",
      { class: "entry-text" },
      h("a", { href: `#/orders/${order.id}` }, `Order ${shortId(order.id)}`),
      h(
        "span",
        { class: "dim small" },
        when(order.createdAt),
        ` · ${count} ${count === 1 ? "item" : "items"}`,
      ),
      order.reason ? h("span", { class: "dim small" }, reasonText(order.reason)) : null,
    ),
    h("span", { class: "line-total" }, money(order.totalCents, order.currency)),
    statusChip(order.status),
  );
}
