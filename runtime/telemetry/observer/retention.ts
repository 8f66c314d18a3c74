import type { Database } from "bun:sqlite";
import { IndexMerge } from "./index-merge.ts";
import type { LogTable } from "./log-table.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Tally } from "./tally.ts";
import type { TraceTable } from "./trace-table.ts";

/** How long one turn goes on: then queries have theirs. */
const turnMs = 50;
/** Rows deleted at once: as many as take about this long. */
const [leastRows, mostRows] = [100, 1000];
const firstRows = 500;
const longMs = 20;
const shortMs = 5;
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
 * The full-text indexes are put in order by the way, also while there is room: that is what frees their pages.
 */
export class Retention {
  readonly #db: Database;
  readonly #tables: Tables;
  readonly #limitBytes: number;
  readonly #tally: Tally;
  readonly #pageBytes: number;
  readonly #merges: readonly IndexMerge[];
  #rows = firstRows;
  /** How much of their time points are kept at the moment. */
  #shrink = 1;
  /** Each series was cut to that. */
  #isCut = true;

  constructor(db: Database, tables: Tables, limitBytes: number, tally: Tally) {
    this.#db = db;
    this.#tables = tables;
    this.#limitBytes = limitBytes;
    this.#tally = tally;
    this.#merges = [new IndexMerge(db, "words"), new IndexMerge(db, "terms")];
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

  /** Forgets old points of some series. Within a transaction. */
  tidy(now: number): void {
    this.#tables.metrics.trim(now, this.#shrink);
  }

  /**
   * One turn of making room and putting the indexes in order. True when more is to be done, and another turn can do it.
   * Makes its own transactions, none of which takes long.
   */
  turn(now: number): boolean {
    const target = this.#limitBytes * fillRatio;
    const piece = this.#db.transaction(() => this.#piece(now));
    const until = performance.now() + turnMs;
    let [again, merging] = [true, true];
    while ((again || merging) && performance.now() < until) {
      // What is deleted gives its pages of the index back when that is merged: without it all would be deleted.
      merging = this.#merge();
      again = this.usedBytes() > target && this.#timed(piece);
    }
    if (this.#shrink < 1 && this.usedBytes() < target * 0.8) this.#shrink = Math.min(1, this.#shrink * 1.1);
    return again || merging;
  }

  #merge(): boolean {
    return this.#merges.map((merge) => merge.step()).includes(true);
  }

  #timed(piece: () => boolean): boolean {
    const began = performance.now();
    const again = piece();
    const took = performance.now() - began;
    if (took > longMs) this.#rows = Math.max(leastRows, this.#rows >> 1);
    else if (took < shortMs) this.#rows = Math.min(mostRows, this.#rows * 2);
    return again;
  }

  /** Returns whether another one can find something to delete. */
  #piece(now: number): boolean {
    const { traces, logs, metrics } = this.#tables;
    // The index over words and terms takes about as much again as what it is an index of.
    const known = 2 * (traces.bytes + logs.bytes);
    const isTooMuch = this.usedBytes() - known > this.#limitBytes * metricShare;
    if (isTooMuch && !(this.#isCut && this.#shrink <= minShrink)) {
      // All series keep the same time: the next shorter one when each of them was cut to this one.
      if (this.#isCut) this.#shrink *= 0.9;
      this.#isCut = metrics.trim(now, this.#shrink);
      return true;
    }
    const dropped =
      logs.bytes > traces.bytes && logs.lines > 0
        ? logs.dropOldest(this.#rows)
        : traces.dropOldest(this.#rows) || logs.dropOldest(this.#rows);
    this.#tally.count("retention", dropped);
    return dropped > 0;
  }
}
