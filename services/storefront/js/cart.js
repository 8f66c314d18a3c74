/** What is to be ordered, kept across reloads. Prices are for show: the order is priced by the shop. */
const storageKey = "microcosm.cart";
const maxQuantity = 99;

const listeners = new Set();

/** Lines as {product: {id, name, priceCents, currency}, quantity}. */
export function cartLines() {
  return read().lines;
}

export function cartCount() {
  return cartLines().reduce((sum, line) => sum + line.quantity, 0);
}

export function cartTotalCents() {
  return cartLines().reduce((sum, line) => sum + line.quantity * line.product.priceCents, 0);
}

export function addToCart({ id, name, priceCents, currency }, quantity) {
  const lines = cartLines();
  const line = lines.find((line) => line.product.id === id);
  if (line) line.quantity = Math.min(maxQuantity, line.quantity + quantity);
  else lines.push({ product: { id, name, priceCents, currency }, quantity });
  write(lines);
}

export function setQuantity(id, quantity) {
  const lines = cartLines().map((line) => (line.product.id === id ? { ...line, quantity } : line));
  write(lines.filter((line) => line.quantity > 0));
}

export function emptyCart() {
  write([]);
}

/**
 * The Idempotency-Key of this very cart: the same however often "Place order" is pressed or the network fails, and a
 * new one as soon as anything in it, or the payment, is another.
 */
export function orderKey(paymentToken) {
  const stored = read();
  const wanted = JSON.stringify([stored.lines.map((line) => [line.product.id, line.quantity]), paymentToken]);
  if (stored.key?.of === wanted) return stored.key.value;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  localStorage.setItem(storageKey, JSON.stringify({ ...stored, key: { of: wanted, value } }));
  return value;
}

export function onCartChange(listener) {
  listeners.add(listener);
}

addEventListener("storage", (event) => {
  if (event.key === storageKey) announce();
});

function read() {
  try {
    return JSON.parse(localStorage.getItem(storageKey)) ?? { lines: [] };
  } catch {
    return { lines: [] };
  }
}

function write(lines) {
  localStorage.setItem(storageKey, JSON.stringify({ lines }));
  announce();
}

function announce() {
  for (const listener of listeners) listener();
}
