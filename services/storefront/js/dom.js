/**
 * Makes an element. Properties starting with "on" are listeners, the others attributes; `true` is an attribute
 * without a value, null and false are left out. Strings become text nodes: nothing from the shop is ever parsed as HTML.
 */
export function h(tag, properties, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const moneyFormats = new Map();

export function money(cents, currency = "EUR") {
  let format = moneyFormats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat("en", { style: "currency", currency });
    moneyFormats.set(currency, format);
  }
  return format.format(cents / 100);
}

const dateTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export function when(iso) {
  return h("time", { datetime: iso }, dateTime.format(new Date(iso)));
}

let clearing;

/** A short message at the foot of the page, read out by screen readers. */
export function say(message) {
  const status = document.getElementById("status");
  status.textContent = message;
  status.classList.add("shown");
  clearTimeout(clearing);
  clearing = setTimeout(() => status.classList.remove("shown"), 4000);
}

export function emptyState(title, text, ...actions) {
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, text), ...actions);
}

/** What a failed request looks like, with a way to try again. */
export function errorState(error, retry) {
  return h(
    "div",
    { class: "empty", role: "alert" },
    h("h2", {}, "That did not work"),
    h("p", {}, error.message),
    error.requestId ? h("p", { class: "dim small" }, `Request ${error.requestId}`) : null,
    retry ? h("button", { class: "button", type: "button", onclick: retry }, "Try again") : null,
  );
}
