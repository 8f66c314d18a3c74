import { get } from "../api.js";
import { emptyState, h, when } from "../dom.js";
import { shortId } from "./order-words.js";
import { pagedList } from "./paged-list.js";

/** What the shop told the customer, newest first. */
export async function notificationsView({ element, signal }) {
  await pagedList({
    element,
    signal,
    title: "Notifications",
    load: (after) =>
      get(`/v1/notifications?limit=20${after ? `&after=${encodeURIComponent(after)}` : ""}`, { signal }),
    item: (notification) =>
      h(
        "li",
        { class: "entry" },
        h(
          "div",
          { class: "entry-text" },
          h("span", {}, notification.message),
          h("span", { class: "dim small" }, when(notification.createdAt)),
        ),
        notification.orderId
          ? h(
              "a",
              { class: "small", href: `#/orders/${notification.orderId}` },
              `Order ${shortId(notification.orderId)}`,
            )
          : null,
      ),
    empty: () => emptyState("Nothing new", "The shop tells you here what becomes of your orders."),
  });
}
