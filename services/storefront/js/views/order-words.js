import { h } from "../dom.js";

const reasons = {
  "out-of-stock": "Some of it is out of stock.",
  "unknown-product": "A product is not sold any more.",
  "payment-declined": "The payment was declined.",
  "payment-timeout": "The payment provider did not answer in time.",
  "customer-request": "You cancelled it.",
  stalled: "It could not be completed in time.",
};

const statuses = { pending: "Pending", confirmed: "Confirmed", cancelled: "Cancelled" };

export function reasonText(reason) {
  return reasons[reason] ?? reason;
}

export function statusChip(status) {
  return h("span", { class: `chip ${status}` }, statuses[status] ?? status);
}

/** The end of an order's id: enough to tell one's own orders apart. */
export function shortId(id) {
  return `#${id.slice(-6)}`;
}
