import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { orders } from "../../services/orders/service.ts";
import { addOrders, orderId, ownOrder } from "./order-history.ts";

const user = "the one who asks";

function migrated(): Database {
  const database = new Database(":memory:", { strict: true });
  for (const { sql } of orders.database!.migrations) database.run(sql);
  return database;
}

const count = (database: Database, what: string) =>
  (database.query(`SELECT count(*) AS found FROM ${what}`).get() as { found: number }).found;

test("fills the service's own tables up to the size, in steps", () => {
  using database = migrated();
  addOrders(database, user, 50);
  addOrders(database, user, 200);
  addOrders(database, user, 200);
  expect(count(database, "orders")).toBe(200);
  expect(count(database, "order_history")).toBe(800);
  expect(count(database, `orders WHERE user_id = '${user}'`)).toBe(20);
  // 15 s apart, and all within the last day.
  expect(count(database, "idempotency_keys")).toBe(200);
  expect(database.query("PRAGMA foreign_key_check").all()).toEqual([]);
});

test("ids sort by number and are of orders that are there", () => {
  using database = migrated();
  addOrders(database, user, 200);
  const found = database
    .query("SELECT user_id AS owner FROM orders WHERE id = ?")
    .get(orderId(ownOrder(107)));
  expect(found).toEqual({ owner: user });
  const ids = [0, 1, 65_535, 65_536, 1_000_000].map(orderId);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids.at(-1)! < Bun.randomUUIDv7()).toBe(true);
});
