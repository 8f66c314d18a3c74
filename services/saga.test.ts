/**
 * All services of an order's saga together, on a bus that is as unkind as the real one may be: every topic in order
 * for each key, but the topics in any order among each other, and events delivered again as often as it likes.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { TestService } from "microcosm/testing";
import { catalog } from "./catalog/service.ts";
import { stock } from "./inventory/schema.ts";
import { inventory } from "./inventory/service.ts";
import { notifications as notificationRows } from "./notifications/schema.ts";
import { notifications } from "./notifications/service.ts";
import { orders as orderRows } from "./orders/schema.ts";
import { orders } from "./orders/service.ts";
import { payments as paymentRows } from "./payments/schema.ts";
import { payments } from "./payments/service.ts";
import { catalogApi } from "./catalog/api.ts";

interface Emitted {
  readonly id: string;
  readonly key?: string;
  readonly data: unknown;
}

interface Participant {
  published(topic: string): readonly Emitted[];
  deliver(topic: string, data: unknown, options: { id: string; key?: string }): Promise<void>;
  stop(): Promise<void>;
}

/** Who hears what; the publisher of a topic first. */
const routes = [
  { topic: "order.placed", from: "orders", to: ["inventory"] },
  { topic: "stock.reserved", from: "inventory", to: ["orders", "payments"] },
  { topic: "stock.rejected", from: "inventory", to: ["orders"] },
  { topic: "payment.captured", from: "payments", to: ["orders"] },
  { topic: "payment.failed", from: "payments", to: ["orders"] },
  { topic: "order.confirmed", from: "orders", to: ["inventory", "notifications"] },
  { topic: "order.cancelled", from: "orders", to: ["inventory", "payments", "notifications"] },
] as const;

const env = { PAYMENT_TIMEOUT_MS: "1" };
const ada = { id: "u-ada", roles: [] };
const inStock = 10;

async function startShop() {
  const shelves = await TestService.start(catalog, { name: "catalog" });
  const shop = {
    orders: await TestService.start(orders, {
      name: "orders",
      neighbours: { catalog: catalogApi(shelves.context) },
      user: ada,
    }),
    inventory: await TestService.start(inventory, { name: "inventory" }),
    payments: await TestService.start(payments, { name: "payments", env }),
    notifications: await TestService.start(notifications, { name: "notifications" }),
  };
  shop.inventory.db.update(stock).set({ available: inStock }).run();
  const stop = async () => {
    await Promise.all([shelves, ...Object.values(shop)].map((service) => service.stop()));
  };
  return { shop, stop };
}

type Shop = Awaited<ReturnType<typeof startShop>>["shop"];

/** Delivers until nothing is left. `choose(n)` is the bus's whim: a number below n. `meanwhile` runs in between. */
async function deliverAll(
  shop: Shop,
  choose: (below: number) => number,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const participants = shop as unknown as Record<string, Participant>;
  const cursors = new Map<string, number>();
  const delivered: (() => Promise<void>)[] = [];
  for (;;) {
    await meanwhile();
    const possible = routes.flatMap(({ topic, from, to }) => {
      const events = participants[from]!.published(topic);
      return to.flatMap((subscriber) => {
        const subscription = `${subscriber} ${topic}`;
        const event = events[cursors.get(subscription) ?? 0];
        return event === undefined ? [] : [{ topic, subscriber, subscription, event }];
      });
    });
    if (possible.length === 0) return;
    const { topic, subscriber, subscription, event } = possible[choose(possible.length)]!;
    const { id, key, data } = event;
    const deliver = () => participants[subscriber]!.deliver(topic, data, { id, ...(key && { key }) });
    await deliver();
    cursors.set(subscription, (cursors.get(subscription) ?? 0) + 1);
    delivered.push(deliver);
    if (choose(3) === 0) await delivered[choose(delivered.length)]!();
  }
}

function check(shop: Shop, placed: number): void {
  const orderList = shop.orders.db.select().from(orderRows).all();
  expect(orderList).toHaveLength(placed);
  const confirmed = orderList.filter((order) => order.status === "confirmed");
  const cancelled = orderList.filter((order) => order.status === "cancelled");
  expect(confirmed.length + cancelled.length).toBe(placed);
  for (const order of cancelled) expect(order.reason).toBeString();

  const sold = new Map<string, number>();
  for (const { productId, quantity } of confirmed.flatMap((order) => order.items)) {
    sold.set(productId, (sold.get(productId) ?? 0) + quantity);
  }
  for (const row of shop.inventory.db.select().from(stock).all()) {
    const soldHere = sold.get(row.productId) ?? 0;
    expect(row).toEqual({
      productId: row.productId,
      available: inStock - soldHere,
      reserved: 0,
      sold: soldHere,
    });
  }

  const paid = shop.payments.db.select().from(paymentRows).all();
  const captured = paid.filter((payment) => payment.status === "captured");
  expect(captured.map((payment) => payment.orderId).sort()).toEqual(
    confirmed.map((order) => order.id).sort(),
  );

  const told = shop.notifications.db.select().from(notificationRows).all();
  expect(told.map((row) => `${row.type} ${row.subjectId}`).sort()).toEqual(
    orderList.map((order) => `order.${order.status} ${order.id}`).sort(),
  );
}

const customerOrder = fc.record({
  productId: fc.constantFrom("p-0001", "p-0002"),
  quantity: fc.integer({ min: 1, max: 6 }),
  token: fc.constantFrom("tok_ok", "tok_ok", "tok_declined", "tok_timeout"),
  cancel: fc.boolean(),
});

test("orders, stock, money and notifications agree, however the events come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(customerOrder, { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      async (customerOrders, whims) => {
        const { shop, stop } = await startShop();
        const whim = whims[Symbol.iterator]();
        const choose = (below: number) => (whim.next().value as number) % below;
        const cancels: string[] = [];
        for (const [index, { productId, quantity, token, cancel }] of customerOrders.entries()) {
          const response = await shop.orders.request("/orders", {
            json: { items: [{ productId, quantity }], payment: { token } },
            headers: { "idempotency-key": `key-${index}` },
          });
          if (cancel) cancels.push(((await response.json()) as { id: string }).id);
        }
        // The customer cancels somewhere in the middle of it.
        const cancelOne = async () => {
          if (cancels.length === 0 || choose(6) !== 0) return;
          await shop.orders.request(`/orders/${cancels.pop()}/cancel`, { method: "POST" });
        };
        await deliverAll(shop, choose, cancelOne);
        check(shop, customerOrders.length);
        await stop();
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
