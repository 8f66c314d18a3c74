import type { Database } from "bun:sqlite";

/** Counts are kept by the minute, so that a recording has those of its run. */
export const countStepMs = 60_000;
/** As long as points are; what is older is one sum. */
const keepMs = 48 * 60 * countStepMs;

/** What was let go, or was odd, by reason: an observer that is killed goes on from here. */
export class CountTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Within a transaction. */
  add(counts: ReadonlyMap<string, number>, now: number): void {
    if (counts.size === 0) return;
    const at = Math.floor(now / countStepMs) * countStepMs;
    const statement = this.#db.query(
      "INSERT INTO counts (at, reason, amount) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
    );
    for (const [reason, amount] of counts) statement.run(at, reason, amount);
    this.#trim(at - keepMs);
  }

  /** Since the file began, or of the minute of `from` on. */
  sums(from = 0): Record<string, number> {
    const rows = this.#db
      .query("SELECT reason, sum(amount) AS amount FROM counts WHERE at >= ? GROUP BY reason")
      .all(Math.floor(from / countStepMs) * countStepMs) as { reason: string; amount: number }[];
    return Object.fromEntries(rows.map(({ reason, amount }) => [reason, amount]));
  }

  get rows(): number {
    return (this.#db.query("SELECT count(*) AS rows FROM counts").get() as { rows: number }).rows;
  }

  #trim(before: number): void {
    const old = this.#db
      .query("SELECT reason, sum(amount) AS amount FROM counts WHERE at > 0 AND at < ? GROUP BY reason")
      .all(before) as { reason: string; amount: number }[];
    if (old.length === 0) return;
    this.#db.query("DELETE FROM counts WHERE at > 0 AND at < ?").run(before);
    this.add(new Map(old.map(({ reason, amount }) => [reason, amount])), 0);
  }
}
