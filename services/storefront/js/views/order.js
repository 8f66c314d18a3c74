import { get, post } from "../api.js";
import { emptyState, h, money, say, when } from "../dom.js";
import { watchOrder } from "../order-stream.js";
import { reasonText, shortId, statusChip } from "./order-words.js";

/** What an order goes through when all is well, and which service says so. */
const steps = [
  { type: "order.placed", label: "Placed", service: "orders" },
  { type: "stock.reserved", label: "Stock reserved", service: "inventory" },
  { type: "payment.captured", label: "Payment captured", service: "payments" },
  { type: "order.confirmed", label: "Confirmed", service: "orders" },
];

const failures = {
  "stock.rejected": { label: "Not in stock", service: "inventory" },
  "payment.failed": { label: "Payment failed", service: "payments" },
  "order.cancelled": { label: "Cancelled", service: "orders" },
};

/** One order, live: every change appears as it happens. */
export async function orderView({ element, parameter, signal }) {
  element.replaceChildren(h("p", { class: "dim" }, "Loading…"));
  const head = h("div", { class: "order-head" });
  const trail = h("ol", { class: "trail", "aria-label": "What happened so far", "aria-live": "polite" });
  const line = h("p", { class: "dim small live" });
  const side = h("div", { class: "panel" });
  const names = new Map();
  let shown;

  const draw = (order) => {
    if (shown?.status === "pending" && order.status !== "pending") say(`Your order is ${order.status}`);
    shown = order;
    head.replaceChildren(h("h1", {}, `Order ${shortId(order.id)}`), statusChip(order.status));
    trail.replaceChildren(...trailOf(order));
    side.replaceChildren(...detailsOf(order, names, cancelButton(order)));
    if (order.status !== "pending") line.textContent = "";
  };
  const begin = (order) => {
    element.replaceChildren(
      h("p", { class: "crumbs" }, h("a", { href: "#/orders" }, "← Your orders")),
      head,
      h("div", { class: "checkout" }, h("div", {}, trail, line), side),
    );
    draw(order);
    void findNames(order, names, signal).then(() => {
      if (!signal.aborted) draw(shown);
    });
  };

  try {
    await watchOrder(parameter, {
      signal,
      changed: (order) => (shown === undefined ? begin(order) : draw(order)),
      connected: (yes) => {
        line.textContent = yes
          ? "Live: changes appear here as they happen."
          : "The line is broken; trying again…";
        line.classList.toggle("on", yes);
        element.removeAttribute("aria-busy");
      },
    });
  } catch (error) {
    if (error.status !== 404) throw error;
    const back = h("a", { class: "button", href: "#/orders" }, "Your orders");
    element.replaceChildren(emptyState("No such order", "You have no order with this number.", back));
  }
}

/** The steps taken, then those still to come while it is pending. */
function trailOf(order) {
  const began = Date.parse(order.history[0]?.at);
  const taken = order.history.map(({ type, at }) => {
    const { label, service } = steps.find((step) => step.type === type) ?? failures[type] ?? { label: type };
    const failed = type in failures;
    return h(
      "li",
      { class: failed ? "failed" : "done" },
      h("span", { class: "step" }, label),
      h("span", { class: "dim small" }, `${service ?? ""} · +${Math.max(0, Date.parse(at) - began)} ms`),
    );
  });
  if (order.status !== "pending") return taken;
  const happened = new Set(order.history.map((entry) => entry.type));
  const coming = steps.filter((step) => !happened.has(step.type));
  return [
    ...taken,
    ...coming.map(({ label, service }, index) =>
      h(
        "li",
        { class: index === 0 ? "next" : "later" },
        h("span", { class: "step" }, label),
        h("span", { class: "dim small" }, index === 0 ? `waiting for ${service}` : service),
      ),
    ),
  ];
}

function detailsOf(order, names, cancel) {
  return [
    h("p", { class: "dim small" }, "Placed ", when(order.createdAt)),
    order.reason ? h("p", { class: "problem" }, reasonText(order.reason)) : null,
    h(
      "ul",
      { class: "bill" },
      order.items.map((item) =>
        h(
          "li",
          {},
          h(
            "a",
            { href: `#/products/${encodeURIComponent(item.productId)}` },
            names.get(item.productId) ?? item.productId,
          ),
          h("span", { class: "dim" }, ` × ${item.quantity}`),
          h("span", { class: "line-total" }, money(item.quantity * item.priceCents, order.currency)),
        ),
      ),
    ),
    h("p", { class: "total" }, h("span", {}, "Total"), h("b", {}, money(order.totalCents, order.currency))),
    cancel,
  ].filter((child) => child !== null);
}

function cancelButton(order) {
  if (order.status !== "pending") return null;
  const cancel = async (event) => {
    event.target.disabled = true;
    try {
      await post(`/v1/orders/${order.id}/cancel`);
    } catch (error) {
      // Too late is no error here: the stream shows what became of it.
      say(error.message);
    }
  };
  return h("button", { class: "button wide", type: "button", onclick: cancel }, "Cancel this order");
}

/** Orders know products by id; their names are the catalogue's. Without them the ids do. */
async function findNames(order, names, signal) {
  await Promise.allSettled(
    order.items.map(async ({ productId }) => {
      const product = await get(`/v1/products/${encodeURIComponent(productId)}`, { signal, anonymous: true });
      names.set(productId, product.name);
    }),
  );
}
