/**
 * 1,000 orders by 50 customers at once, while each of the six services and the broker is killed once with SIGKILL:
 * every order ends, stock and confirmed quantities add up to what was seeded, every notification due is there once.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { eventually, Run } from "../kit/run.ts";
import { Customer, type Order, type Page } from "../kit/shop.ts";

const orders = 1000;
const customers = 50;
const products = 20;
const victims = ["identity", "catalog", "inventory", "orders", "payments", "notifications", "broker"];

interface Product {
  readonly id: string;
}
interface Placed {
  readonly customer: Customer;
  readonly id: string;
}

test("a thousand orders, seven killings, and the books agree", async () => {
  await using run = await Run.start();
  // A password takes a core for its time: more at once only wait for one another.
  const shoppers = await inBatches(Array.from({ length: customers }), 2, () =>
    Customer.register(run.gateway),
  );
  const { body } = await (shoppers[0] as Customer).get<Page<Product>>(`/v1/products?limit=${products}`);
  const seeded = stockTotals(run.data);
  const placed: Placed[] = [];
  const killed = killEachOnce(run, () => placed.length);
  await Promise.all(shoppers.map((shopper, s) => shop(shopper, s, body.items, placed)));
  await killed;
  expect(placed).toHaveLength(orders);

  const settled = await eventually("every order is settled", () => allSettled(shoppers), 120_000);
  expect(settled).toHaveLength(orders);
  const counts = Map.groupBy(settled, (order) => order.status);
  expect(counts.get("confirmed")?.length ?? 0).toBeGreaterThan(orders / 2);
  expect(counts.get("cancelled")?.length ?? 0).toBeGreaterThan(0);
  await eventually("stock adds up", () => addsUp(run.data, seeded, settled));
  await eventually("every notification due is there once", () => notified(shoppers));
  const states = await run.instances();
  expect(states.map((instance) => instance.state)).toEqual(states.map(() => "ready"));
  for (const victim of victims) {
    expect(states.find((instance) => instance.service === victim)?.generation).toBe(2);
  }
  expect(await run.stop()).toBe(0);
}, 300_000);

async function shop(
  shopper: Customer,
  number: number,
  catalog: readonly Product[],
  placed: Placed[],
): Promise<void> {
  for (let i = 0; i < orders / customers; i++) {
    const product = catalog[(number * 7 + i) % catalog.length] as Product;
    const payment = i % 10 === 9 ? "tok_declined" : "tok_ok";
    const key = `${number}-${i}`;
    // What a careful client does: the same key until there is an answer.
    const id = await eventually(
      `order ${key} is taken`,
      async () => {
        const answer = await shopper.order([{ productId: product.id, quantity: 1 + (i % 3) }], payment, key);
        if (answer.status < 500 && answer.status !== 202 && answer.status !== 429) {
          throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
        }
        return answer.status === 202 && answer.body.id;
      },
      60_000,
    );
    placed.push({ customer: shopper, id });
  }
}

/** Spreads the killings over the run: the next one when another seventh of the orders is in. */
async function killEachOnce(run: Run, progress: () => number): Promise<void> {
  for (const [i, victim] of victims.entries()) {
    const due = Math.floor((orders * (i + 0.5)) / victims.length);
    await eventually(`${due} orders are placed`, () => progress() >= due, 120_000);
    const instance = await eventually(`${victim}-1 is ready`, async () => {
      const found = await run.instance(`${victim}-1`);
      return found.state === "ready" && found;
    });
    process.kill((instance as { pid: number }).pid, "SIGKILL");
  }
}

async function allSettled(shoppers: readonly Customer[]): Promise<Order[] | false> {
  const all = (await Promise.all(shoppers.map((shopper) => shopper.all<Order>("/v1/orders")))).flat();
  return all.every((order) => order.status !== "pending") && all;
}

/** What there is of each product in any state, read from inventory's own file. */
function stockTotals(data: string): Map<string, number> {
  const database = new Database(join(data, "inventory.sqlite"), { readonly: true });
  try {
    const rows = database
      .query("SELECT product_id AS id, available + reserved AS total FROM stock")
      .all() as {
      id: number | string;
      total: number;
    }[];
    return new Map(rows.map((row) => [String(row.id), row.total]));
  } finally {
    database.close();
  }
}

function addsUp(data: string, seeded: ReadonlyMap<string, number>, settled: readonly Order[]): boolean {
  const sold = new Map<string, number>();
  for (const order of settled) {
    if (order.status !== "confirmed") continue;
    for (const { productId, quantity } of order.items) {
      sold.set(String(productId), (sold.get(String(productId)) ?? 0) + quantity);
    }
  }
  const left = stockTotals(data);
  for (const [id, total] of seeded) {
    const now = (left.get(id) ?? 0) + (sold.get(id) ?? 0);
    if (now !== total)
      throw new Error(`product ${id}: ${left.get(id)} left + ${sold.get(id) ?? 0} sold, seeded ${total}`);
  }
  return true;
}

async function notified(shoppers: readonly Customer[]): Promise<boolean> {
  for (const shopper of shoppers) {
    const orderIds = (await shopper.all<Order>("/v1/orders")).map((order) => order.id);
    const notes = await shopper.all<Record<string, unknown>>("/v1/notifications");
    for (const id of orderIds) {
      const about = notes.filter((note) => JSON.stringify(note).includes(id));
      if (about.length !== 1)
        throw new Error(`${shopper.email}: ${about.length} notifications about order ${id}`);
    }
  }
  return true;
}

async function inBatches<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += size) {
    results.push(...(await Promise.all(items.slice(i, i + size).map(work))));
  }
  return results;
}
