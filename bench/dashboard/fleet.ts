/** Fifty services in three layers, as a shop of some size has them: for pictures and for measuring the page. */
export interface FleetService {
  readonly name: string;
  readonly uses: readonly string[];
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
}

const doors = "storefront accounts checkout search admin partners mobile support reports delivery".split(" ");
const middle =
  `catalog basket orders payments pricing promotions stock shipping returns reviews recommendations wishlist
  loyalty gift-cards invoicing tax-calculation fraud-detection notifications subscriptions customer-profiles
  addresses scheduling`.split(/\s+/);
const deep =
  `products media currencies exchange-rates ledger warehouse carriers suppliers templates mail sms push-tokens
  audit identity permissions geo-coding experiments settings`.split(/\s+/);

const topics = [
  "order.placed",
  "order.shipped",
  "payment.captured",
  "stock.changed",
  "price.changed",
  "review.written",
  "customer.moved",
  "parcel.delivered",
];

/** Neighbours that are far apart in the list, the same in every run. */
function picked(from: readonly string[], start: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => from[(start + i * 7) % from.length]!);
}

export const fleet: readonly FleetService[] = [
  ...doors.map((name, i) => ({ name, uses: picked(middle, i * 2, 3), publishes: [], subscribes: [] })),
  ...middle.map((name, i) => ({
    name,
    uses: picked(deep, i, i % 3 === 0 ? 2 : 1),
    publishes: topics.filter((_, topic) => topic * 2 + 1 === i),
    subscribes: topics.filter((_, topic) => topic * 2 + 4 === i),
  })),
  ...deep.map((name, i) => ({
    name,
    uses: [],
    publishes: [],
    subscribes: topics.filter((_, topic) => topic * 2 === i),
  })),
];

export { doors, topics };

/** Needs no parser to be read back: JSON is YAML. */
export function fleetTopology(source: string): string {
  return JSON.stringify({
    name: "fifty",
    gateway: { port: 0, routes: doors.map((service) => ({ path: `/${service}`, service, rewrite: "/" })) },
    services: Object.fromEntries(fleet.map(({ name, uses }) => [name, { source, uses }])),
    topics: Object.fromEntries(topics.map((topic) => [topic, {}])),
  });
}
