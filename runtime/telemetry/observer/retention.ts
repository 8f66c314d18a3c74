import type { Database } from "bun:sqlite";
import type { LogTable } from "./log-table.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Tally } from "./tally.ts";
import type { TraceTable } from "./trace-table.ts";

/** Rows deleted at once, and how often in one step: a step stays in the tens of milliseconds. */
const rowsAtOnce = 500;
const roundsPerStep = 20;
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

  /** Within a transaction. */
  step(now: number): void {
    const target = this.#limitBytes * fillRatio;
    const { traces, logs, metrics } = this.#tables;
    for (let round = 0; round < roundsPerStep; round++) {
      const used = this.usedBytes();
      if (used <= target) break;
      // The index over words and terms takes about as much again as what it is an index of.
      const known = 2 * (traces.bytes + logs.bytes);
      if (used - known > this.#limitBytes * metricShare && this.#shrink > minShrink) {
        this.#shrink *= 0.9;
        if (metrics.trim(now, this.#shrink) > 0) continue;
      }
      const dropped =
        logs.bytes > traces.bytes && logs.lines > 0
          ? logs.dropOldest(rowsAtOnce)
          : traces.dropOldest(rowsAtOnce) || logs.dropOldest(rowsAtOnce);
      this.#tally.count("retention", dropped);
      if (dropped === 0) break;
    }
    if (this.#shrink < 1 && this.usedBytes() < target * 0.8) this.#shrink = Math.min(1, this.#shrink * 1.1);
  }
}
