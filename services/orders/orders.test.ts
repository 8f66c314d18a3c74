import { afterEach, describe, expect, test } from "bun:test";
import { asc, eq } from "drizzle-orm";
import type { User } from "microcosm";
import { ada, bob, body, type Order, order, place, placedId, type Service, startOrders } from "./fixture.ts";
import { type OrderInput, outcomeOf } from "./order-states.ts";
import { pruneIdempotencyKeys } from "./prune.ts";
import { idempotencyKeys, orders as table } from "./schema.ts";
import { cancelStalledOrders } from "./sweep.ts";

const started: Service[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start() {
  const parts = await startOrders();
  started.push(parts.service);
  return parts;
}

describe("placing", () => {
  test("prices the order, says it is pending, and tells the others", async () => {
    const { service } = await start();
    const response = await place(
      service,
      body([
        { productId: "b", quantity: 1 },
        { productId: "a", quantity: 2 },
      ]),
    );
    expect(response.status).toBe(202);
    const placed = (await response.json()) as Order;
    expect(placed).toEqual({ id: expect.any(String), status: "pending", totalCents: 300 } as never);
    expect(response.headers.get("location")).toBe(`/v1/orders/${placed.id}`);
    const items = [
      { productId: "a", quantity: 2, priceCents: 100 },
      { productId: "b", quantity: 1, priceCents: 100 },
    ];
    expect(service.published("order.placed")).toMatchObject([
      {
        key: placed.id,
        subject: placed.id,
        data: { orderId: placed.id, userId: ada.id, items, totalCents: 300, payment: { token: "tok_ok" } },
      },
    ]);
    expect(await order(service, placed.id)).toMatchObject({
      items,
      history: [{ type: "order.placed", at: expect.any(String) }],
    });
  });

  test("adds up lines of the same product", async () => {
    const { service } = await start();
    const line = { productId: "a", quantity: 2 };
    const { id } = (await (await place(service, body([line, line]))).json()) as Order;
    expect((await order(service, id)).items).toEqual([{ productId: "a", quantity: 4, priceCents: 100 }]);
  });

  test.each([
    [{}, ["items", "payment"]],
    [{ ...body(), items: [] }, ["items"]],
    [body([{ productId: "a", quantity: 0 }]), ["items.0.quantity"]],
    [body([{ productId: "a", quantity: 1.5 }]), ["items.0.quantity"]],
    [{ ...body(), payment: { token: "tok_gold" } }, ["payment.token"]],
    [body([{ productId: "nothing", quantity: 1 }]), ["items"]],
    [
      body([
        { productId: "a", quantity: 1 },
        { productId: "yen", quantity: 1 },
      ]),
      ["items"],
    ],
  ])("%j is 422", async (json, paths) => {
    const { service } = await start();
    const response = await place(service, json);
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((error) => error.path)).toEqual(paths);
    expect(service.published("order.placed")).toEqual([]);
  });

  test("needs a user, a key, and JSON", async () => {
    const { service } = await start();
    expect((await place(service, body(), "k", null)).status).toBe(401);
    const keyless = await service.request("/orders", { json: body() });
    expect(keyless.status).toBe(422);
    expect(await keyless.json()).toMatchObject({ errors: [{ path: "Idempotency-Key" }] });
    expect((await place(service, body(), "k".repeat(256))).status).toBe(422);
    expect((await service.request("/orders", { method: "POST", body: "{" })).status).toBe(400);
  });
});

describe("an Idempotency-Key", () => {
  test("that comes again has the same answer, though the price changed and the order went on", async () => {
    const { service, catalog } = await start();
    const first = (await (await place(service, body(), "k")).json()) as Order;
    catalog.priceCents = 999;
    await service.deliver("payment.captured", { orderId: first.id, amountCents: 200, currency: "EUR" });
    const again = await place(service, body(), "k");
    expect(again.status).toBe(202);
    expect(await again.json()).toEqual(first);
    expect(catalog.calls).toBe(1);
    expect(service.published("order.placed")).toHaveLength(1);
  });

  test("makes one order of many requests at the same time", async () => {
    const { service } = await start();
    const responses = await Promise.all(Array.from({ length: 10 }, () => place(service, body(), "k")));
    const ids = await Promise.all(responses.map(async (response) => ((await response.json()) as Order).id));
    expect(new Set(ids).size).toBe(1);
    expect(service.published("order.placed")).toHaveLength(1);
  });

  test("is told the same request from another by what it asks for, not by how it is written", async () => {
    const { service } = await start();
    const lines = [
      { productId: "a", quantity: 1 },
      { productId: "b", quantity: 1 },
    ];
    expect((await place(service, body(lines), "k")).status).toBe(202);
    expect((await place(service, body([...lines].reverse()), "k")).status).toBe(202);
    expect((await place(service, body([lines[0]!]), "k")).status).toBe(409);
    expect((await place(service, { ...body(lines), payment: { token: "tok_declined" } }, "k")).status).toBe(
      409,
    );
  });

  test("is each user's own", async () => {
    const { service } = await start();
    const ids = await Promise.all(
      [ada, bob].map(async (user) => ((await (await place(service, body(), "k", user)).json()) as Order).id),
    );
    expect(ids[0]).not.toBe(ids[1]!);
  });

  test("is forgotten after a day, and not before", async () => {
    const { service } = await start();
    await place(service, body(), "old");
    service.db
      .update(idempotencyKeys)
      .set({ createdAt: Date.now() - 25 * 60 * 60 * 1000 })
      .run();
    await place(service, body(), "new");
    await pruneIdempotencyKeys(service.context);
    expect(service.db.select({ key: idempotencyKeys.key }).from(idempotencyKeys).all()).toEqual([
      { key: "new" },
    ]);
  });

  test("keys of many days are forgotten in small steps, the oldest first, and no more than a run may take", async () => {
    const { service } = await start();
    const orderId = await placedId(service);
    const old = Date.now() - 48 * 60 * 60 * 1000;
    const rows = Array.from({ length: 25 }, (_, at) => ({
      userId: ada.id,
      key: `old-${at}`,
      requestHash: "",
      orderId,
      createdAt: old + at,
    }));
    service.db.insert(idempotencyKeys).values(rows).run();
    const left = () =>
      service.db
        .select({ key: idempotencyKeys.key })
        .from(idempotencyKeys)
        .orderBy(asc(idempotencyKeys.createdAt))
        .all();
    await pruneIdempotencyKeys(service.context, { keysPerBatch: 10, pauseMs: 1, maxBatches: 2 });
    expect(
      left()
        .map(({ key }) => key)
        .slice(0, 2),
    ).toEqual(["old-20", "old-21"]);
    await pruneIdempotencyKeys(service.context, { keysPerBatch: 10, pauseMs: 1 });
    expect(left()).toHaveLength(1);
  });
});

describe("the saga", () => {
  test("stock and payment lead to a confirmed order, told once", async () => {
    const { service } = await start();
    const id = await placedId(service);
    await service.deliver("stock.reserved", { orderId: id }, { id: "e-1" });
    await service.deliver("payment.captured", { orderId: id }, { id: "e-2" });
    await service.deliver("payment.captured", { orderId: id }, { id: "e-2" });
    const { status, reason, history } = await order(service, id);
    expect({ status, reason, history: history.map((entry) => entry.type) }).toEqual({
      status: "confirmed",
      reason: undefined,
      history: ["order.placed", "stock.reserved", "payment.captured", "order.confirmed"],
    });
    expect(service.published("order.confirmed")).toMatchObject([
      { key: id, data: { orderId: id, userId: ada.id, totalCents: 200 } },
    ]);
  });

  test.each([
    ["stock.rejected", "out-of-stock", "out-of-stock"],
    ["payment.failed", "declined", "payment-declined"],
    ["payment.failed", "timeout", "payment-timeout"],
  ])("%s (%s) leads to a cancelled one", async (topic, reason, told) => {
    const { service } = await start();
    const id = await placedId(service);
    await service.deliver(topic, { orderId: id, reason });
    expect(await order(service, id)).toMatchObject({ status: "cancelled", reason: told });
    expect(service.published("order.cancelled")).toMatchObject([
      { key: id, data: { orderId: id, reason: told } },
    ]);
  });

  test("the payment's news may overtake the stock's", async () => {
    const { service } = await start();
    const id = await placedId(service);
    await service.deliver("payment.captured", { orderId: id });
    await service.deliver("stock.reserved", { orderId: id });
    expect((await order(service, id)).status).toBe("confirmed");
    expect(service.published("order.confirmed")).toHaveLength(1);
  });

  test("news that cannot be is refused, so that it ends among the dead letters", async () => {
    const { service } = await start();
    const id = await placedId(service);
    await service.deliver("payment.captured", { orderId: id });
    await expect(service.deliver("payment.failed", { orderId: id, reason: "declined" })).rejects.toThrow(id);
    await expect(service.deliver("stock.reserved", { orderId: "nobody's" })).rejects.toThrow("nobody's");
  });

  test("from every state, every input ends in at most one final state", () => {
    const inputs: OrderInput[] = [
      "stock.reserved",
      "stock.rejected",
      "payment.captured",
      "payment.failed",
      "customer.cancelled",
      "saga.stalled",
    ];
    for (const input of inputs) {
      expect(["confirmed", "late", "impossible"]).toContain(outcomeOf("confirmed", input));
      expect(outcomeOf("cancelled", input)).toBe("late");
      expect(["pending", "confirmed", "cancelled"]).toContain(outcomeOf("pending", input));
    }
  });

  test("an order that stays pending is cancelled in time, and no other", async () => {
    const { service } = await start();
    const [old, young, done] = [await placedId(service), await placedId(service), await placedId(service)];
    await service.deliver("payment.captured", { orderId: done });
    for (const id of [old!, done!]) {
      service.db
        .update(table)
        .set({ createdAt: Date.now() - 61_000 })
        .where(eq(table.id, id))
        .run();
    }
    cancelStalledOrders(service.context, 60_000);
    expect(await order(service, old!)).toMatchObject({ status: "cancelled", reason: "stalled" });
    expect((await order(service, young!)).status).toBe("pending");
    expect((await order(service, done!)).status).toBe("confirmed");
  });
});

describe("cancelling", () => {
  const cancel = (service: Service, id: string, user: User | null = ada) =>
    service.request(`/orders/${id}/cancel`, { method: "POST", user });

  test("is done while it is pending, and a payment that comes late changes nothing", async () => {
    const { service } = await start();
    const id = await placedId(service);
    const response = await cancel(service, id);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ id, status: "cancelled" });
    await service.deliver("payment.captured", { orderId: id });
    expect(await order(service, id)).toMatchObject({ status: "cancelled", reason: "customer-request" });
    expect(service.published("order.confirmed")).toEqual([]);
    expect(service.published("order.cancelled")).toHaveLength(1);
  });

  test("is 409 when it is over, either way", async () => {
    const { service } = await start();
    const id = await placedId(service);
    expect((await cancel(service, id)).status).toBe(202);
    expect((await cancel(service, id)).status).toBe(409);
    const paid = await placedId(service);
    await service.deliver("payment.captured", { orderId: paid });
    const refused = await cancel(service, paid);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ orderStatus: "confirmed" });
  });

  test("is for the one who ordered", async () => {
    const { service } = await start();
    const id = await placedId(service);
    expect((await cancel(service, id, bob)).status).toBe(404);
    expect((await cancel(service, id, null)).status).toBe(401);
    expect((await order(service, id)).status).toBe("pending");
  });
});

test("the list has one's own, newest first, in pages", async () => {
  const { service } = await start();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.unshift(await placedId(service));
  await place(service, body(), "bob's", bob);
  const list = async (query: string) =>
    (await (await service.request(`/orders?${query}`)).json()) as { items: Order[]; next: string | null };
  const first = await list("limit=3");
  const second = await list(`limit=3&after=${first.next}`);
  expect([...first.items, ...second.items].map((item) => item.id)).toEqual(ids);
  expect(second.next).toBeNull();
  for (const query of ["limit=0", "limit=101", "after=5"]) {
    expect((await service.request(`/orders?${query}`)).status).toBe(422);
  }
  expect((await service.request(`/orders/${ids[0]}`, { user: bob })).status).toBe(404);
});
