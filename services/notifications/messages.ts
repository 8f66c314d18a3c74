const reasons: Readonly<Record<string, string>> = {
  "out-of-stock": "some of it is out of stock",
  "unknown-product": "a product is not sold any more",
  "payment-declined": "the payment was declined",
  "payment-timeout": "the payment did not go through in time",
  "customer-request": "as you asked",
  stalled: "it could not be completed in time",
};

export function welcome(name: string): string {
  return `Welcome, ${name}. Your account is ready.`;
}

export function confirmed(totalCents: number, currency: string): string {
  return `Your order of ${money(totalCents, currency)} is confirmed.`;
}

export function cancelled(totalCents: number, currency: string, reason: string): string {
  return `Your order of ${money(totalCents, currency)} was cancelled: ${reasons[reason] ?? reason}.`;
}

function money(cents: number, currency: string): string {
  return `${(cents / 100).toFixed(2)} ${currency}`;
}
