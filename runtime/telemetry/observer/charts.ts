import { MicrocosmError } from "../../../sdk/errors.ts";
import type { Heatmap, Series, SeriesQuery } from "../query.ts";
import { Cell, statOf, stats } from "./cell.ts";
import { lowerBound } from "./histogram.ts";
import type { FoundCell, MetricTable } from "./metric-table.ts";

const maxSteps = 5000;
/** Lines of one chart; more could not be told apart. Those with most in them are kept. */
const maxLines = 200;
const maxColumns = 1000;

/** Upper bounds of the heat map's rows: half octaves from 0.125 ms to 32.8 s. */
const rowBounds = Array.from({ length: 37 }, (_, place) => 2 ** (-3 + place / 2));

/** Throws `bad-request`. */
export function seriesOf(table: MetricTable, query: SeriesQuery, now: number): Series[] {
  const { metric: name, from, to, stepMs, resolutionMs = stepMs, stat } = query;
  checkRange(from, to, stepMs, maxSteps);
  if (!(stats as readonly string[]).includes(stat)) {
    throw new MicrocosmError("bad-request", `stat must be one of ${stats.join(", ")}, not "${stat}"`);
  }
  const by = (query.by ?? "").split(",").filter((label) => label !== "");
  const entries = table.matching(name, labelsOf(query.where ?? []));
  const range = { from, to, stepMs, now };
  const tier = table.tierFor({ ...range, stepMs: resolutionMs }, entries.length);
  const tierStepMs = table.stepOf(tier);
  const steps = Math.ceil((to - from) / stepMs);
  const lines = new Map<string, Line>();
  for (const entry of entries) {
    const labels = Object.fromEntries(by.map((label) => [label, entry.labels[label] ?? ""]));
    const key = JSON.stringify(labels);
    let line = lines.get(key);
    if (line === undefined) {
      line = { labels, kind: entry.kind, cells: new Array(steps), total: 0 };
      lines.set(key, line);
    }
    const { cells } = line;
    let total = 0;
    table.cells(entry, tier, range, (found) => {
      total += found.count;
      place(cells, found, { from, stepMs, tierStepMs });
    });
    line.total += total;
  }
  const spanMs = Math.max(stepMs, tierStepMs);
  return [...lines.values()]
    .sort((a, b) => b.total - a.total)
    .slice(0, maxLines)
    .map(({ labels, kind, cells }) => ({
      labels,
      values: Array.from(cells, (cell) =>
        cell === undefined ? null : (statOf(cell, stat, kind, spanMs) ?? null),
      ),
    }));
}

interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly cells: (Cell | undefined)[];
  total: number;
}

/** A bucket coarser than a step stands in all steps that it covers. */
function place(
  cells: (Cell | undefined)[],
  found: FoundCell,
  grid: { readonly from: number; readonly stepMs: number; readonly tierStepMs: number },
): void {
  const first = Math.max(0, Math.floor((found.start - grid.from) / grid.stepMs));
  const covered = Math.max(1, Math.round(grid.tierStepMs / grid.stepMs));
  for (let step = first; step < Math.min(first + covered, cells.length); step++) {
    let cell = cells[step];
    if (cell === undefined) {
      cell = new Cell(grid.from + step * grid.stepMs);
      cells[step] = cell;
    }
    found.addTo(cell);
  }
}

export interface HeatmapQuery {
  /** A histogram of durations in milliseconds. */
  readonly metric: string;
  /** The same as `service=…` in `where`. */
  readonly service?: string | undefined;
  /** `label=value` each. */
  readonly where: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Durations of all that the labels fit, added up. Throws `bad-request`. */
export function heatmapOf(table: MetricTable, query: HeatmapQuery, now: number): Heatmap {
  const { metric: name, service, from, to, step } = query;
  checkRange(from, to, step, maxColumns);
  const labels = { ...labelsOf(query.where), ...(service === undefined ? {} : { service }) };
  const entries = table.matching(name, labels);
  const range = { from, to, stepMs: step, now };
  const tier = table.tierFor(range, entries.length);
  const columns = Math.ceil((to - from) / step);
  const counts = Array.from({ length: columns }, () => new Array<number>(rowBounds.length).fill(0));
  const sums = new Array<Cell | undefined>(columns);
  for (const entry of entries) {
    table.cells(entry, tier, range, (found) => {
      const column = Math.max(0, Math.floor((found.start - from) / step));
      if (column >= columns) return;
      sums[column] ??= new Cell(found.start);
      found.addTo(sums[column]);
    });
  }
  for (const [place, { histogram } = { histogram: undefined }] of sums.entries()) {
    const column = counts[place];
    if (column === undefined || histogram === undefined) continue;
    column[0]! += histogram.zeros;
    for (const [index, count] of histogram.buckets) {
      column[rowFor(lowerBound(index + 0.5, histogram.scale))]! += count;
    }
  }
  return { from, stepMs: step, bounds: rowBounds, counts };
}

function rowFor(value: number): number {
  const row = Math.ceil((Math.log2(value) + 3) * 2);
  return Math.min(rowBounds.length - 1, Math.max(0, row));
}

function labelsOf(where: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    where.map((condition) => {
      const at = condition.indexOf("=");
      if (at < 1) throw new MicrocosmError("bad-request", `where must be label=value, not "${condition}"`);
      return [condition.slice(0, at), condition.slice(at + 1)];
    }),
  );
}

function checkRange(from: number, to: number, stepMs: number, most: number): void {
  if (!(to > from)) throw new MicrocosmError("bad-request", "to must be later than from");
  if (!(stepMs >= 1)) throw new MicrocosmError("bad-request", "the step must be at least 1 ms");
  if ((to - from) / stepMs > most) {
    throw new MicrocosmError("bad-request", `at most ${most} steps at once: make the step longer`);
  }
}
