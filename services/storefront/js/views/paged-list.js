import { errorState, h } from "../dom.js";

/** A list that is loaded a page at a time: `load(after)` answers {items, next}. */
export async function pagedList({ element, signal, title, load, item, empty }) {
  const list = h("ul", { class: "entries" });
  const more = h("div", { class: "more" });
  element.replaceChildren(h("h1", {}, title), list, more);

  const page = async (after) => {
    more.replaceChildren(h("p", { class: "dim" }, "Loading…"));
    try {
      const { items, next } = await load(after);
      const entries = items.map(item);
      list.append(...entries);
      if (after) entries[0]?.querySelector("a")?.focus();
      more.replaceChildren(
        ...(next
          ? [h("button", { class: "button", type: "button", onclick: () => page(next) }, "Show more")]
          : []),
      );
      if (list.children.length === 0) more.replaceChildren(empty());
    } catch (error) {
      if (!signal.aborted) more.replaceChildren(errorState(error, () => page(after)));
    }
  };
  await page();
}
