import type { MetricPoint } from "../model.ts";
import { Histogram, packedQuantile, packHistogram, visitPacked } from "./histogram.ts";

/** What charts read: a cell in memory, or a row of the file that is not unpacked. */
export interface ReadCell {
  readonly start: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  quantile(q: number): number | undefined;
  addTo(sum: Cell): void;
  /** Tells each bucket of its histogram, and returns how many values are 0. */
  visit(told: (index: number, scale: number, count: number) => void): number;
}

/** One series in one bucket of time: of a counter the sum, of a gauge sum, count and maximum, of a histogram all. */
export class Cell implements ReadCell {
  readonly start: number;
  count = 0;
  sum = 0;
  max = Number.NEGATIVE_INFINITY;
  histogram: Histogram | undefined;

  constructor(start: number) {
    this.start = start;
  }

  add(point: Pick<MetricPoint, "value" | "histogram">): void {
    if (point.histogram !== undefined) {
      if (point.histogram.count === 0) return;
      this.histogram ??= new Histogram();
      this.histogram.add(point.histogram);
      this.count += point.histogram.count;
      this.sum += point.histogram.sum;
      this.max = Math.max(this.max, point.histogram.max);
    } else if (point.value !== undefined) {
      this.count++;
      this.sum += point.value;
      this.max = Math.max(this.max, point.value);
    }
  }

  merge(other: Cell): void {
    if (other.count === 0) return;
    this.count += other.count;
    this.sum += other.sum;
    this.max = Math.max(this.max, other.max);
    if (other.histogram === undefined) return;
    this.histogram ??= new Histogram();
    this.histogram.add(other.histogram);
  }

  /** As merge, of a row of the file. */
  mergeRow(row: CellRow): void {
    this.count += row.count;
    this.sum += row.sum;
    this.max = Math.max(this.max, row.max);
    if (row.data === null || row.data === undefined) return;
    this.histogram ??= new Histogram();
    this.histogram.addPacked(row.data, row);
  }

  quantile(q: number): number | undefined {
    return this.histogram?.quantile(q);
  }

  addTo(sum: Cell): void {
    sum.merge(this);
  }

  visit(told: (index: number, scale: number, count: number) => void): number {
    if (this.histogram === undefined) return 0;
    const { scale, buckets, zeros } = this.histogram;
    for (const [index, count] of buckets) told(index, scale, count);
    return zeros;
  }
}

/** Most cells of a chart are alone in their place: what is asked of them is read from the packed bytes. */
export class StoredCell implements ReadCell {
  readonly #row: CellRow;

  constructor(row: CellRow) {
    this.#row = row;
  }

  get start(): number {
    return this.#row.at;
  }

  get count(): number {
    return this.#row.count;
  }

  get sum(): number {
    return this.#row.sum;
  }

  get max(): number {
    return this.#row.max;
  }

  quantile(q: number): number | undefined {
    const { data, max } = this.#row;
    return data ? packedQuantile(data, max, q) : undefined;
  }

  addTo(sum: Cell): void {
    sum.mergeRow(this.#row);
  }

  visit(told: (index: number, scale: number, count: number) => void): number {
    const { data } = this.#row;
    return data ? visitPacked(data, told) : 0;
  }
}

export interface CellRow {
  readonly at: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  /** Undefined when it was not asked for. */
  readonly data?: Uint8Array | null;
}

export function cellOf(row: CellRow): Cell {
  const cell = new Cell(row.at);
  cell.mergeRow(row);
  return cell;
}

export function rowOf(cell: Cell): Required<CellRow> {
  const { start, count, sum, max, histogram } = cell;
  return {
    at: start,
    count,
    sum,
    max,
    data: histogram === undefined ? null : packHistogram(histogram.toData()),
  };
}

const quantiles: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 };

export const stats = ["rate", "mean", "max", "sum", ...Object.keys(quantiles)] as const;

/** Those that are read from histograms. */
export function isQuantile(stat: string): boolean {
  return Object.hasOwn(quantiles, stat);
}

/** `undefined` where a cell cannot say. `spanMs` is the time that the cell stands for. */
export function statOf(
  cell: ReadCell,
  stat: string,
  kind: MetricPoint["kind"],
  spanMs: number,
): number | undefined {
  if (cell.count === 0) return undefined;
  switch (stat) {
    case "rate":
      return ((kind === "counter" ? cell.sum : cell.count) * 1000) / spanMs;
    case "sum":
      return cell.sum;
    case "mean":
      return cell.sum / cell.count;
    case "max":
      return cell.max;
    default:
      return cell.quantile(quantiles[stat] ?? Number.NaN);
  }
}
