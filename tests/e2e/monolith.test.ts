/** The same shop in one process: the same service modules, links in memory. */
import { expect, test } from "bun:test";
import { eventually, Run } from "../kit/run.ts";
import { Customer, type Order, type Page } from "../kit/shop.ts";

test("an order goes through, in one process, and the end is clean", async () => {
  const run = await Run.start({ args: ["--mode", "monolith"] });
  let code: number | undefined;
  try {
    const instances = await run.instances();
    expect(new Set(instances.map((instance) => instance.pid))).toEqual(new Set([run.pid]));
    const customer = await Customer.register(run.gateway);
    const { body } = await customer.get<Page<{ id: string }>>("/v1/products?limit=1");
    const placed = await customer.order([{ productId: body.items[0]?.id as string, quantity: 1 }]);
    expect(placed.status).toBe(202);
    await eventually("the order is confirmed", async () => {
      const order = await customer.get<Order>(`/v1/orders/${placed.body.id}`);
      return order.body.status === "confirmed";
    });
    expect((await run.cli("restart", "catalog")).code).toBe(0);
    expect((await run.instance("catalog-1")).generation).toBe(2);
    expect((await customer.get("/v1/products/p-0001")).status).toBe(200);
  } finally {
    code = await run.stop("SIGTERM");
  }
  expect(code).toBe(0);
});
