import { post } from "../api.js";
import { cartLines, cartTotalCents, emptyCart, orderKey, setQuantity } from "../cart.js";
import { emptyState, h, money, say } from "../dom.js";
import { user } from "../session.js";
import { tile } from "../tile.js";

const maxQuantity = 99;

const payments = [
  { token: "tok_ok", label: "A card that works", hint: "The payment is captured and the order confirmed." },
  {
    token: "tok_declined",
    label: "A card that is declined",
    hint: "The order is cancelled and its stock goes back.",
  },
  {
    token: "tok_timeout",
    label: "A bank that never answers",
    hint: "Payments gives up after a second; the order is cancelled.",
  },
];

/** What is to be ordered, how it is paid, and the button. */
export async function cartView(context) {
  const { element } = context;
  const lines = cartLines();
  if (lines.length === 0) {
    return element.replaceChildren(
      h("h1", {}, "Cart"),
      emptyState(
        "Nothing in it yet",
        "What you add to the cart waits here.",
        h("a", { class: "button", href: "#/" }, "See all products"),
      ),
    );
  }
  const currency = lines[0].product.currency;
  element.replaceChildren(
    h("h1", {}, "Cart"),
    h(
      "div",
      { class: "checkout" },
      h(
        "ul",
        { class: "lines" },
        lines.map((line) => cartLine(line, () => cartView(context))),
      ),
      checkoutForm(currency),
    ),
  );
}

function cartLine({ product, quantity }, redraw) {
  const id = `quantity-${product.id}`;
  const change = (event) => {
    const wanted = Math.round(Number(event.target.value));
    setQuantity(product.id, Math.min(maxQuantity, Math.max(0, wanted || 0)));
    redraw();
    document.getElementById(id)?.focus();
  };
  const remove = () => {
    setQuantity(product.id, 0);
    redraw();
    say(`${product.name} removed`);
    document.getElementById("main").focus();
  };
  return h(
    "li",
    { class: "line" },
    h("div", { class: "thumb" }, tile(product.name)),
    h(
      "div",
      { class: "line-text" },
      h("a", { href: `#/products/${encodeURIComponent(product.id)}` }, product.name),
      h("span", { class: "dim small" }, `${money(product.priceCents, product.currency)} each`),
    ),
    h("label", { class: "sr", for: id }, `Quantity of ${product.name}`),
    h("input", {
      id,
      type: "number",
      min: 1,
      max: maxQuantity,
      value: quantity,
      inputmode: "numeric",
      onchange: change,
    }),
    h("span", { class: "line-total" }, money(quantity * product.priceCents, product.currency)),
    h(
      "button",
      { class: "plain", type: "button", onclick: remove, "aria-label": `Remove ${product.name}` },
      "✕",
    ),
  );
}

function checkoutForm(currency) {
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h(
    "button",
    { class: "button primary wide", type: "submit" },
    user() ? "Place order" : "Sign in to order",
  );
  const place = async (event) => {
    event.preventDefault();
    if (user() === undefined) {
      location.hash = "#/sign-in?next=/cart";
      return;
    }
    const token = new FormData(event.target).get("payment");
    button.disabled = true;
    problem.textContent = "";
    try {
      const items = cartLines().map((line) => ({ productId: line.product.id, quantity: line.quantity }));
      const order = await post(
        "/v1/orders",
        { items, payment: { token } },
        { headers: { "idempotency-key": orderKey(token) } },
      );
      emptyCart();
      location.hash = `#/orders/${order.id}`;
    } catch (error) {
      problem.textContent = `${error.message}. Nothing was ordered twice: you can press the button again.`;
      button.disabled = false;
    }
  };
  return h(
    "form",
    { class: "panel", onsubmit: place },
    h(
      "fieldset",
      {},
      h("legend", {}, "Pay with"),
      payments.map(({ token, label, hint }, index) =>
        h(
          "label",
          { class: "choice" },
          h("input", { type: "radio", name: "payment", value: token, checked: index === 0 }),
          h(
            "span",
            {},
            h("b", {}, label),
            " ",
            h("code", {}, token),
            h("span", { class: "dim small block" }, hint),
          ),
        ),
      ),
    ),
    h("p", { class: "total" }, h("span", {}, "Total"), h("b", {}, money(cartTotalCents(), currency))),
    problem,
    button,
  );
}
