import { get } from "../api.js";
import { emptyState, errorState, h, money } from "../dom.js";
import { tile } from "../tile.js";

const pageSize = 24;

/** The shelves: all products or those that a search finds, a page at a time. */
export async function catalogView({ element, query, signal }) {
  const search = query.get("search") ?? "";
  const grid = h("ul", { class: "grid" });
  const more = h("div", { class: "more" });
  const heading = h("h1", {}, search ? `Results for “${search}”` : "Good things for daily use");
  element.replaceChildren(heading, grid, more);

  const load = async (after) => {
    more.replaceChildren(h("p", { class: "dim" }, "Loading…"));
    const parameters = new URLSearchParams({ limit: String(pageSize) });
    if (search) parameters.set("search", search);
    if (after) parameters.set("after", after);
    try {
      const { items, next } = await get(`/v1/products?${parameters}`, { signal, anonymous: true });
      const cards = items.map(card);
      grid.append(...cards);
      // Whoever pressed the button goes on from the first of the new ones, not from the top.
      if (after) cards[0]?.querySelector("a").focus();
      more.replaceChildren(
        ...(next
          ? [h("button", { class: "button", type: "button", onclick: () => load(next) }, "Show more")]
          : []),
      );
      if (grid.children.length === 0) {
        more.replaceChildren(
          emptyState(
            "Nothing found",
            "No product has all of these words.",
            h("a", { class: "button", href: "#/" }, "See all products"),
          ),
        );
      }
    } catch (error) {
      if (!signal.aborted) more.replaceChildren(errorState(error, () => load(after)));
    }
  };
  await load();
}

function card(product) {
  return h(
    "li",
    { class: "card" },
    tile(product.name),
    h(
      "div",
      { class: "card-text" },
      h("a", { class: "card-link", href: `#/products/${encodeURIComponent(product.id)}` }, product.name),
      h("p", { class: "dim small clamp" }, product.description),
      h("p", { class: "price" }, money(product.priceCents, product.currency)),
    ),
  );
}
