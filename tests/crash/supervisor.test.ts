/** SIGKILL takes the supervisor: no worker stays, the next `up` on the same data cleans up, and nothing is lost. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, isAlive, Run } from "../kit/run.ts";
import { Customer, type Order, type Page } from "../kit/shop.ts";

test("a killed supervisor leaves no process, and an order that is still there", async () => {
  const data = mkdtempSync(join(tmpdir(), "mc-"));
  try {
    const first = await Run.start({ data });
    const pids = (await first.instances()).map((instance) => instance.pid as number);
    const customer = await Customer.register(first.gateway);
    const { body } = await customer.get<Page<{ id: string }>>("/v1/products?limit=1");
    const placed = await customer.order([{ productId: body.items[0]?.id as string, quantity: 1 }]);
    expect(placed.status).toBe(202);
    await first.killSupervisor();
    await eventually("all workers are gone", () => !pids.some(isAlive), 10_000);
    expect(readdirSync(join(data, "run")).some((file) => file.endsWith(".sock"))).toBe(true);

    const second = await Run.start({ data });
    try {
      const again = new Customer(second.gateway, customer.email);
      await again.logIn("a good long password");
      // Whatever step it was at, it goes on from there.
      await eventually("the order is confirmed", async () => {
        const order = await again.get<Order>(`/v1/orders/${placed.body.id}`);
        return order.body.status === "confirmed";
      });
    } finally {
      expect(await second.stop()).toBe(0);
    }
    expect(readdirSync(join(data, "run"))).toEqual(["lock"]);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
