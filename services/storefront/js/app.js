import { cartCount, onCartChange } from "./cart.js";
import { errorState, h, say } from "./dom.js";
import { onSessionChange, signOut, user } from "./session.js";
import { registerView, signInView } from "./views/account.js";
import { cartView } from "./views/cart.js";
import { catalogView } from "./views/catalog.js";
import { notificationsView } from "./views/notifications.js";
import { orderView } from "./views/order.js";
import { ordersView } from "./views/orders.js";
import { productView } from "./views/product.js";

/**
 * A view fills its own element and stops what it started when `signal` aborts:
 * `({ element, parameter, query, signal }) => Promise<void>`.
 */
const routes = [
  { path: /^\/$/, title: "Products", view: catalogView },
  { path: /^\/products\/([^/]+)$/, title: "Product", view: productView },
  { path: /^\/cart$/, title: "Cart", view: cartView },
  { path: /^\/orders$/, title: "Your orders", view: ordersView, signedIn: true },
  { path: /^\/orders\/([^/]+)$/, title: "Order", view: orderView, signedIn: true },
  { path: /^\/notifications$/, title: "Notifications", view: notificationsView, signedIn: true },
  { path: /^\/sign-in$/, title: "Sign in", view: signInView },
  { path: /^\/register$/, title: "Create an account", view: registerView },
];

const main = document.getElementById("main");
const searchForm = document.getElementById("search");
const searchInput = document.getElementById("search-input");
const searchDelayMs = 250;
let current = new AbortController();

async function show() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const [path, queryString = ""] = (location.hash.slice(1) || "/").split("?");
  const query = new URLSearchParams(queryString);
  const found = routes.map((route) => ({ route, match: route.path.exec(path) })).find(({ match }) => match);
  if (found === undefined) return go("#/");
  const { route, match } = found;
  if (route.signedIn && user() === undefined) return go(`#/sign-in?next=${encodeURIComponent(path)}`);

  document.title = `${route.title} · Microcosm Shop`;
  if (document.activeElement !== searchInput) searchInput.value = query.get("search") ?? "";
  drawLinks();
  const element = h("div", { class: "view", "aria-busy": "true" });
  main.replaceChildren(element);
  if (document.activeElement !== searchInput) main.focus({ preventScroll: true });
  scrollTo(0, 0);
  try {
    const parameter = match[1] === undefined ? undefined : decodeURIComponent(match[1]);
    await route.view({ element, parameter, query, signal });
  } catch (error) {
    if (!signal.aborted) element.replaceChildren(errorState(error, show));
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/** Without an entry in the history: going back must not lead to where one was sent away from. */
function go(hash) {
  location.replace(hash);
}

function drawLinks() {
  const path = location.hash.slice(1).split("?")[0];
  const link = (to, text, badge) =>
    h(
      "a",
      { href: `#${to}`, "aria-current": path === to ? "page" : null },
      text,
      badge ? h("span", { class: "badge" }, h("span", { class: "sr" }, ", items: "), String(badge)) : null,
    );
  const signedIn = user();
  const links = signedIn
    ? [
        link("/orders", "Orders"),
        link("/notifications", "Notifications"),
        h(
          "button",
          {
            class: "plain",
            type: "button",
            title: `Signed in as ${signedIn.email}`,
            onclick: () => {
              signOut();
              say("Signed out");
              location.hash = "#/";
            },
          },
          "Sign out",
        ),
      ]
    : [link("/sign-in", "Sign in")];
  document.getElementById("links").replaceChildren(...links, link("/cart", "Cart", cartCount()));
}

let searching;

function search() {
  clearTimeout(searching);
  const text = searchInput.value.trim();
  const hash = text === "" ? "#/" : `#/?search=${encodeURIComponent(text)}`;
  if (location.hash === hash) return;
  // A new entry when the search begins, none for each further letter.
  if (location.hash.startsWith("#/?search=")) location.replace(hash);
  else location.hash = hash;
}

searchInput.addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(search, searchDelayMs);
});
searchForm.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // The hash is the route here, so the jump is made by hand.
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", show);
onCartChange(drawLinks);
onSessionChange(() => {
  drawLinks();
  if (
    user() === undefined &&
    routes.some((route) => route.signedIn && route.path.test(location.hash.slice(1)))
  )
    show();
});
show();
