import { get } from "../api.js";
import { addToCart } from "../cart.js";
import { emptyState, h, money, say } from "../dom.js";
import { tile } from "../tile.js";

const maxQuantity = 20;
const fewLeft = 5;

/** One product, and how many there are: the gateway asks catalogue and inventory at once. */
export async function productView({ element, parameter, signal }) {
  element.replaceChildren(h("p", { class: "dim" }, "Loading…"));
  let answer;
  try {
    answer = await get(`/v1/storefront/${encodeURIComponent(parameter)}`, { signal, anonymous: true });
  } catch (error) {
    if (error.status !== 404) throw error;
    const back = h("a", { class: "button", href: "#/" }, "See all products");
    return element.replaceChildren(
      emptyState("No such product", "It may have been taken from the shelves.", back),
    );
  }
  const { product, availability } = answer;
  document.title = `${product.name} · Microcosm Shop`;
  const soldOut = availability?.available === 0;
  const most = Math.max(1, Math.min(maxQuantity, availability?.available ?? maxQuantity));
  const quantity = h(
    "select",
    { id: "quantity", name: "quantity" },
    Array.from({ length: most }, (_, index) => h("option", { value: index + 1 }, String(index + 1))),
  );
  const order = (event) => {
    event.preventDefault();
    addToCart(product, Number(quantity.value));
    say(`${quantity.value} × ${product.name} in your cart`);
  };
  element.replaceChildren(
    h("p", { class: "crumbs" }, h("a", { href: "#/" }, "← All products")),
    h(
      "article",
      { class: "product" },
      h("div", { class: "product-picture" }, tile(product.name)),
      h(
        "div",
        { class: "product-text" },
        h("h1", {}, product.name),
        h("p", { class: "price big" }, money(product.priceCents, product.currency)),
        h("p", {}, product.description),
        stockLine(availability),
        h(
          "form",
          { class: "row", onsubmit: order },
          h("label", { for: "quantity" }, "Quantity"),
          quantity,
          h(
            "button",
            { class: "button primary", type: "submit", disabled: soldOut },
            soldOut ? "Sold out" : "Add to cart",
          ),
        ),
        h("p", { class: "small" }, h("a", { href: "#/cart" }, "Go to the cart")),
        h("p", { class: "dim small" }, `Article ${product.id}`),
      ),
    ),
  );
}

function stockLine(availability) {
  if (!availability)
    return h(
      "p",
      { class: "stock unknown" },
      "Availability is not known right now; you can order all the same.",
    );
  const { available } = availability;
  if (available === 0) return h("p", { class: "stock none" }, "Out of stock");
  if (available <= fewLeft) return h("p", { class: "stock few" }, `Only ${available} left`);
  return h("p", { class: "stock plenty" }, `${available} in stock`);
}
