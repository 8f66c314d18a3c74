import type { Database } from "bun:sqlite";
import type { MetricPoint } from "../model.ts";
import { Cell, type CellRow, cellOf, type ReadCell, rowOf, StoredCell } from "./cell.ts";
import type { Tier } from "./options.ts";
import { type SeriesEntry, SeriesIndex } from "./series-index.ts";
import { pointsTable } from "./tables.ts";
import type { Tally } from "./tally.ts";

/** A bucket is written this long after its end: workers report once a second, and none of them exactly. */
const graceMs = 1500;
/** Buckets added up for one chart: about 100 ms of work. */
const maxCells = 60_000;
/** Series looked through for old points at one step: each of a shop's 150 every eight seconds, each of 20,000 every 17 minutes. */
const seriesPerTrim = 20;

export interface ChartRange {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly now: number;
}

/**
 * Metric points in buckets of time, in several tiers at once: each point goes into the bucket under way of every tier,
 * and a bucket is written when it is over. What comes later is merged into the written one.
 */
export class MetricTable {
  readonly #db: Database;
  readonly #tiers: readonly Tier[];
  readonly #tally: Tally;
  readonly #series: SeriesIndex;
  /** Written at the next flush: buckets that are over. */
  #finished: { readonly series: SeriesEntry; readonly tier: number; readonly cell: Cell }[] = [];
  #trimQueue: SeriesEntry[] = [];

  constructor(db: Database, tiers: readonly Tier[], maxSeries: number, tally: Tally) {
    this.#db = db;
    this.#tiers = tiers;
    this.#tally = tally;
    this.#series = new SeriesIndex(db, maxSeries);
  }

  get series(): number {
    return this.#series.size;
  }

  names(): string[] {
    return this.#series.names();
  }

  matching(name: string, labels: Readonly<Record<string, string>>): SeriesEntry[] {
    const wanted = Object.entries(labels);
    return [...this.#series.named(name)].filter((entry) =>
      wanted.every(([label, value]) => entry.labels[label] === value),
    );
  }

  /** Within a transaction: a new series gets its row. */
  add(point: MetricPoint, at: number): void {
    const series = this.#series.of(point);
    if (series === undefined) {
      this.#tally.count("series");
      return;
    }
    for (const [tier, { stepMs }] of this.#tiers.entries()) {
      const start = Math.floor(at / stepMs) * stepMs;
      let cell = series.open[tier];
      if (cell !== undefined && cell.start !== start) {
        if (start < cell.start) {
          const late = new Cell(start);
          late.add(point);
          this.#finished.push({ series, tier, cell: late });
          continue;
        }
        this.#finished.push({ series, tier, cell });
        cell = undefined;
      }
      if (cell === undefined) {
        cell = new Cell(start);
        series.open[tier] = cell;
      }
      cell.add(point);
    }
  }

  /** Writes buckets that are over; all of them with `all`. Within a transaction. */
  flush(now: number, all = false): void {
    for (const series of this.#series.all()) {
      for (const [tier, { stepMs }] of this.#tiers.entries()) {
        const cell = series.open[tier];
        if (cell === undefined || (!all && cell.start + stepMs + graceMs > now)) continue;
        this.#finished.push({ series, tier, cell });
        series.open[tier] = undefined;
      }
    }
    const finished = this.#finished;
    this.#finished = [];
    for (const { series, tier, cell } of finished) this.#write(series, tier, cell);
  }

  /**
   * Which tier answers steps of `stepMs` from `from` on: the coarsest of which each step has the same number of buckets; a
   * coarser one when that has forgotten the beginning, or has more buckets than can be added up in the time an answer may take.
   */
  tierFor(range: ChartRange, series: number): number {
    const { stepMs, from, to, now } = range;
    let best = 0;
    for (const [index, tier] of this.#tiers.entries()) {
      const finer = this.#tiers[index - 1];
      const isForgotten = finer !== undefined && now - from > finer.keepMs;
      const isTooMany = finer !== undefined && (series * (to - from)) / finer.stepMs > maxCells;
      if (stepMs % tier.stepMs === 0 || isForgotten || isTooMany) best = index;
    }
    return best;
  }

  stepOf(tier: number): number {
    return this.#tiers[tier]!.stepMs;
  }

  /**
   * Tells a series' buckets in [from, to), those under way included, in no order. Without `histograms` only their counts, sums
   * and maxima are read. None of them may be changed.
   */
  cells(
    series: SeriesEntry,
    tier: number,
    range: ChartRange,
    told: (found: ReadCell) => void,
    histograms = true,
  ): void {
    const { from, to } = range;
    const { stepMs } = this.#tiers[tier]!;
    const first = Math.floor(from / stepMs) * stepMs;
    const columns = histograms ? "at, count, sum, max, data" : "at, count, sum, max";
    const rows = this.#db
      .query(`SELECT ${columns} FROM ${pointsTable(stepMs)} WHERE series = ? AND at >= ? AND at < ?`)
      .iterate(series.id, first, to) as Iterable<CellRow>;
    for (const row of rows) told(new StoredCell(row));
    const open = series.open[tier];
    if (open !== undefined && open.start >= first && open.start < to) told(open);
    for (const entry of this.#finished) {
      if (entry.series !== series || entry.tier !== tier) continue;
      if (entry.cell.start >= first && entry.cell.start < to) told(entry.cell);
    }
  }

  /** When the newest written bucket ends; undefined when there is none. */
  newest(): number | undefined {
    const { stepMs } = this.#tiers[0]!;
    const row = this.#db.query(`SELECT max(at) AS at FROM ${pointsTable(stepMs)}`).get() as {
      at: number | null;
    };
    return row.at === null ? undefined : row.at + stepMs;
  }

  /**
   * Deletes old points of some series, `shrink` of their time kept at the most. Returns whether each of them had its turn.
   * Within a transaction.
   */
  trim(now: number, shrink: number): boolean {
    if (this.#trimQueue.length === 0) this.#trimQueue = [...this.#series.all()];
    for (const series of this.#trimQueue.splice(-seriesPerTrim)) {
      let left = series.open.some((cell) => cell !== undefined);
      for (const { stepMs, keepMs } of this.#tiers) {
        const table = pointsTable(stepMs);
        this.#db
          .query(`DELETE FROM ${table} WHERE series = ? AND at < ?`)
          .run(series.id, now - keepMs * shrink);
        left ||= this.#db.query(`SELECT 1 FROM ${table} WHERE series = ? LIMIT 1`).get(series.id) !== null;
      }
      if (!left && !this.#finished.some((entry) => entry.series === series)) this.#series.remove(series);
    }
    return this.#trimQueue.length === 0;
  }

  #write(series: SeriesEntry, tier: number, cell: Cell): void {
    const table = pointsTable(this.#tiers[tier]!.stepMs);
    const { at, count, sum, max, data } = rowOf(cell);
    const insert = (verb: string, row: Required<CellRow>) =>
      this.#db
        .query(`${verb} INTO ${table} (series, at, count, sum, max, data) VALUES (?, ?, ?, ?, ?, ?)`)
        .run(series.id, row.at, row.count, row.sum, row.max, row.data).changes;
    if (cell.count === 0 || insert("INSERT OR IGNORE", { at, count, sum, max, data }) > 0) return;
    const known = this.#db
      .query(`SELECT at, count, sum, max, data FROM ${table} WHERE series = ? AND at = ?`)
      .get(series.id, at) as CellRow;
    const merged = cellOf(known);
    merged.merge(cell);
    insert("INSERT OR REPLACE", rowOf(merged));
  }
}
