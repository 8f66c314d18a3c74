import type { Database } from "bun:sqlite";

const ownEvery = 10;
/** Far enough apart that a million orders fill half a year. */
const gapMs = 15_000;
const otherUsers = 997;

/** Number `n`, as a UUIDv7 that sorts before any made today. */
export function orderId(n: number): string {
  const hex = (value: number, digits: number) => Math.floor(value).toString(16).padStart(digits, "0");
  return `${hex(n / 65_536, 8)}-${hex(n % 65_536, 4)}-7000-8000-${hex(n, 12)}`;
}

/** The order of the one who asks that is nearest below. */
export function ownOrder(near: number): number {
  return Math.floor(near / ownEvery) * ownEvery;
}

/**
 * Fills a file that the orders service has migrated up to `total` confirmed orders, each with its history and, where
 * it is of the last day, its idempotency key. Every tenth is `userId`'s.
 */
export function addOrders(database: Database, userId: string, total: number): void {
  database.run("PRAGMA foreign_keys = OFF");
  // It is made again if the machine fails meanwhile.
  database.run("PRAGMA synchronous = OFF");
  const known = (
    database.query("SELECT count(*) AS count FROM orders WHERE id < ?").get(orderId(2 ** 32)) as {
      count: number;
    }
  ).count;
  if (known >= total) return;
  const now = Date.now();
  const numbers = `WITH RECURSIVE numbers(n) AS (SELECT ${known} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${total}),
    made(n, id, at) AS (
      SELECT n, printf('%08x-%04x-7000-8000-%012x', n / 65536, n % 65536, n), ${now} - (${total} - n) * ${gapMs} FROM numbers)`;
  const owner = `CASE WHEN n % ${ownEvery} = 0 THEN $user ELSE printf('user-%d', n % ${otherUsers}) END`;
  database.transaction(() => {
    database
      .query(
        `${numbers} INSERT INTO orders (id, user_id, status, reason, items, total_cents, currency, version, created_at)
         SELECT id, ${owner}, 'confirmed', NULL,
           '[{"productId":"0190d5e2-0000-7000-8000-000000000001","quantity":2,"priceCents":1250}]', 2500, 'EUR', 4, at FROM made`,
      )
      .run({ $user: userId });
    for (const [step, type] of [
      "order.placed",
      "stock.reserved",
      "payment.captured",
      "order.confirmed",
    ].entries()) {
      database
        .query(
          `${numbers} INSERT INTO order_history (order_id, type, at) SELECT id, '${type}', at + ${step} FROM made`,
        )
        .run();
    }
    database
      .query(
        `${numbers} INSERT INTO idempotency_keys (user_id, key, request_hash, order_id, created_at)
         SELECT ${owner}, 'key-' || n, 'hash', id, at FROM made WHERE at > ${now} - 86400000`,
      )
      .run({ $user: userId });
  })();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}
