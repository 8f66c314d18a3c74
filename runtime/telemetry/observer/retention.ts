import type { Database } from "bun:sqlite";
import type { LogTable } from "./log-table.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Tally } from "./tally.ts";
import type { TraceTable } from "./trace-table.ts";

/** Rows deleted at once, and how long one turn of it goes on: then queries have theirs. */
const rowsAtOnce = 500;
const turnMs = 50;
/** Making room begins here, so that the tick that comes next still fits. */
const fillRatio = 0.9;
/** Points are shortened in time when they take more than this of the file. */
const metricShare = 0.3;
const minShrink = 1 / 64;

interface Tables {
  readonly traces: TraceTable;
  readonly logs: LogTable;
  readonly metrics: MetricTable;
}

/**
 * Keeps the file within its bytes. Pages of deleted rows are used again by the next ones, so the file stops growing where
 * its use does; nothing is ever copied to make it shorter. Traces and logs give way in the proportion of what they take.
 */
export class Retention {
  readonly #db: Database;
  readonly #tables: Tables;
  readonly #limitBytes: number;
  readonly #tally: Tally;
  readonly #pageBytes: number;
  /** How much of their time points are kept at the moment. */
  #shrink = 1;

  constructor(db: Database, tables: Tables, limitBytes: number, tally: Tally) {
    this.#db = db;
    this.#tables = tables;
    this.#limitBytes = limitBytes;
    this.#tally = tally;
    this.#pageBytes = (db.query("PRAGMA page_size").get() as { page_size: number }).page_size;
  }

  usedBytes(): number {
    const { page_count } = this.#db.query("PRAGMA page_count").get() as { page_count: number };
    const { freelist_count } = this.#db.query("PRAGMA freelist_count").get() as { freelist_count: number };
    return (page_count - freelist_count) * this.#pageBytes;
  }

  get isFull(): boolean {
    return this.usedBytes() > this.#limitBytes;
  }

  /** One turn of making room. True when more is to be done, and another turn can do it. Makes its own transactions. */
  turn(now: number): boolean {
    const target = this.#limitBytes * fillRatio;
    // A piece is a transaction: the indexes are put in order when it ends, and that is part of the turn's time.
    const piece = this.#db.transaction(() => this.#piece(now));
    const until = performance.now() + turnMs;
    let again = this.usedBytes() > target;
    while (again && performance.now() < until) again = piece() > 0 && this.usedBytes() > target;
    if (this.#shrink < 1 && this.usedBytes() < target * 0.8) this.#shrink = Math.min(1, this.#shrink * 1.1);
    return again;
  }

  /** Returns how much was deleted. */
  #piece(now: number): number {
    const { traces, logs, metrics } = this.#tables;
    // The index over words and terms takes about as much again as what it is an index of.
    const known = 2 * (traces.bytes + logs.bytes);
    if (this.usedBytes() - known > this.#limitBytes * metricShare && this.#shrink > minShrink) {
      this.#shrink *= 0.9;
      const points = metrics.trim(now, this.#shrink);
      if (points > 0) return points;
    }
    const dropped =
      logs.bytes > traces.bytes && logs.lines > 0
        ? logs.dropOldest(rowsAtOnce)
        : traces.dropOldest(rowsAtOnce) || logs.dropOldest(rowsAtOnce);
    this.#tally.count("retention", dropped);
    return dropped;
  }
}
