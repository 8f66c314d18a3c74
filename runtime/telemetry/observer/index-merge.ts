import type { Database } from "bun:sqlite";

/** Of one step, about: pages of the index that it writes. Time decides; these only bound it. */
const [leastPages, mostPages] = [4, 64];
const firstPages = 8;
/** A step that took longer is made smaller the next time, one that was much shorter larger. */
const longMs = 20;
const shortMs = 5;

/**
 * Puts the parts of a full-text index together, in steps. SQLite would do it by itself as part of a commit, in proportion to
 * what was written: while lines are written and deleted 40,000 times a second, that held the observer up for 380 ms of CPU
 * at once in a file of 32 MiB. In steps of eight pages the longest took 22.
 */
export class IndexMerge {
  readonly #db: Database;
  readonly #sql: string;
  #pages = firstPages;

  constructor(db: Database, index: "terms" | "words") {
    this.#db = db;
    this.#sql = `INSERT INTO ${index} (${index}, rank) VALUES ('merge', ?)`;
  }

  /** One step, a transaction of its own; false when there is nothing to do. */
  step(): boolean {
    const before = this.#changes();
    const began = performance.now();
    this.#db.query(this.#sql).run(this.#pages);
    const took = performance.now() - began;
    if (took > longMs) this.#pages = Math.max(leastPages, this.#pages >> 1);
    else if (took < shortMs) this.#pages = Math.min(mostPages, this.#pages * 2);
    // By FTS5's documentation: one that did nothing changes less than two rows.
    return this.#changes() - before >= 2;
  }

  #changes(): number {
    return (this.#db.query("SELECT total_changes() AS changes").get() as { changes: number }).changes;
  }
}
