import { afterEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import fc from "fast-check";
import { TestService } from "microcosm/testing";
import { type StockLine, stock } from "./schema.ts";
import { seedInventory, seedStock } from "./seed.ts";
import { inventory } from "./service.ts";

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start() {
  const service = await TestService.start(inventory, { name: "inventory" });
  started.push(service);
  return service;
}

type Service = Awaited<ReturnType<typeof start>>;

function order(orderId: string, items: readonly StockLine[]) {
  return {
    orderId,
    userId: "u-1",
    items: items.map((item) => ({ ...item, priceCents: 100 })),
    totalCents: 100,
    currency: "EUR",
    payment: { token: "tok_ok" },
    reason: "customer-request",
  };
}

function putInStock(service: Service, productId: string, available: number): void {
  service.db.insert(stock).values({ productId, available }).run();
}

function countsOf(service: Service, productId: string) {
  const row = service.db.select().from(stock).where(eq(stock.productId, productId)).get()!;
  return [row.available, row.reserved, row.sold];
}

test("the seed is the same in every run, and happens once", async () => {
  const service = await start();
  seedInventory(service.context);
  const rows = service.db.select().from(stock).all();
  expect(rows.map(({ productId, available }) => ({ productId, available }))).toEqual(seedStock());
  expect(rows).toHaveLength(500);
});

test("the stock of a product is told without what was sold", async () => {
  const service = await start();
  const response = await service.request("/stock/p-0001");
  expect(await response.json()).toEqual({ productId: "p-0001", available: 485, reserved: 0 });
  expect((await service.request("/stock/p-9999")).status).toBe(404);
});

test("a product added later begins with its stock, once", async () => {
  const service = await start();
  const data = { productId: "new", name: "New", priceCents: 1, currency: "EUR", initialStock: 4 };
  await service.deliver("product.created", data);
  await service.deliver("product.created", { ...data, initialStock: 9 });
  expect(countsOf(service, "new")).toEqual([4, 0, 0]);
});

describe("an order placed", () => {
  test("reserves all of its lines, and passes on what payments needs", async () => {
    const service = await start();
    putInStock(service, "a", 5);
    putInStock(service, "b", 5);
    const lines = [
      { productId: "a", quantity: 2 },
      { productId: "b", quantity: 5 },
    ];
    await service.deliver("order.placed", order("o-1", lines), { key: "o-1" });
    expect([countsOf(service, "a"), countsOf(service, "b")]).toEqual([
      [3, 2, 0],
      [0, 5, 0],
    ]);
    expect(service.published("stock.reserved")).toMatchObject([
      { key: "o-1", data: { orderId: "o-1", userId: "u-1", totalCents: 100, payment: { token: "tok_ok" } } },
    ]);
    expect(service.published("stock.changed").map((event) => event.data)).toEqual([
      { productId: "a", available: 3, reserved: 2 },
      { productId: "b", available: 0, reserved: 5 },
    ]);
  });

  test("reserves none of them when one is short", async () => {
    const service = await start();
    putInStock(service, "a", 5);
    putInStock(service, "b", 1);
    const lines = [
      { productId: "a", quantity: 1 },
      { productId: "b", quantity: 2 },
    ];
    await service.deliver("order.placed", order("o-1", lines));
    expect([countsOf(service, "a"), countsOf(service, "b")]).toEqual([
      [5, 0, 0],
      [1, 0, 0],
    ]);
    expect(service.published("stock.rejected")).toMatchObject([{ data: { reason: "out-of-stock" } }]);
    expect(service.published("stock.reserved")).toEqual([]);
  });

  test("of a product not heard of yet is put back, then rejected", async () => {
    const service = await start();
    const placed = order("o-1", [{ productId: "new", quantity: 1 }]);
    for (const _ of [1, 2, 3, 4]) {
      await expect(service.deliver("order.placed", placed, { id: "e-1" })).rejects.toThrow(
        "not known here yet",
      );
    }
    await service.deliver("order.placed", placed, { id: "e-1" });
    expect(service.published("stock.rejected")).toMatchObject([{ data: { reason: "unknown-product" } }]);
  });

  test("of a product heard of meanwhile is reserved", async () => {
    const service = await start();
    const placed = order("o-1", [{ productId: "new", quantity: 1 }]);
    await expect(service.deliver("order.placed", placed, { id: "e-1" })).rejects.toThrow();
    putInStock(service, "new", 1);
    await service.deliver("order.placed", placed, { id: "e-1" });
    expect(countsOf(service, "new")).toEqual([0, 1, 0]);
  });
});

test("a cancellation that comes first keeps its order from reserving", async () => {
  const service = await start();
  putInStock(service, "a", 5);
  const lines = [{ productId: "a", quantity: 2 }];
  await service.deliver("order.cancelled", order("o-1", lines));
  await service.deliver("order.placed", order("o-1", lines));
  expect(countsOf(service, "a")).toEqual([5, 0, 0]);
  expect(service.published("stock.reserved")).toEqual([]);
});

test("what cannot be is refused, and changes nothing", async () => {
  const service = await start();
  putInStock(service, "a", 5);
  const lines = [{ productId: "a", quantity: 2 }];
  await expect(service.deliver("order.confirmed", order("o-1", lines))).rejects.toThrow("not reserved");
  await service.deliver("order.placed", order("o-1", lines));
  await service.deliver("order.confirmed", order("o-1", lines));
  await expect(service.deliver("order.cancelled", order("o-1", lines))).rejects.toThrow("committed");
  expect(countsOf(service, "a")).toEqual([3, 0, 2]);
});

test("whatever comes in whatever order and however often, no piece is lost or made", async () => {
  const total = 20;
  const news = fc.record({
    order: fc.integer({ min: 0, max: 4 }),
    topic: fc.constantFrom("order.placed", "order.confirmed", "order.cancelled"),
    // Redelivered as the same event, or replayed as one that the inbox has forgotten.
    id: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(news, { maxLength: 40 }), async (sequence) => {
      const service = await TestService.start(inventory, { name: "inventory" });
      putInStock(service, "a", total);
      for (const { order: number, topic, id } of sequence) {
        const data = order(`o-${number}`, [{ productId: "a", quantity: 3 + number }]);
        const redelivered = id === undefined ? {} : { id: `${topic}-${number}-${id}` };
        await service.deliver(topic, data, redelivered).catch(() => {});
        const [available, reserved, sold] = countsOf(service, "a");
        expect(available! + reserved! + sold!).toBe(total);
        expect(Math.min(available!, reserved!, sold!)).toBeGreaterThanOrEqual(0);
      }
      await service.stop();
    }),
    { numRuns: 40 },
  );
});
