import type { MetricPoint } from "../model.ts";
import { Histogram, packHistogram } from "./histogram.ts";

/** One series in one bucket of time: of a counter the sum, of a gauge sum, count and maximum, of a histogram all. */
export class Cell {
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
    if (row.data === null) return;
    this.histogram ??= new Histogram();
    this.histogram.addPacked(row.data, row);
  }
}

export interface CellRow {
  readonly at: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  readonly data: Uint8Array | null;
}

export function cellOf(row: CellRow): Cell {
  const cell = new Cell(row.at);
  cell.mergeRow(row);
  return cell;
}

export function rowOf(cell: Cell): CellRow {
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

/** `undefined` where a cell cannot say. `spanMs` is the time that the cell stands for. */
export function statOf(
  cell: Cell,
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
      return cell.histogram?.quantile(quantiles[stat] ?? Number.NaN);
  }
}
