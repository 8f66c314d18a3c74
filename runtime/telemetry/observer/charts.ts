import { MicrocosmError } from "../../../sdk/errors.ts";
import type { Heatmap, Series, SeriesQuery } from "../query.ts";
import { Cell, isQuantile, type ReadCell, statOf, stats } from "./cell.ts";
import type { MetricTable } from "./metric-table.ts";

const maxSteps = 5000;
/** Lines of one chart; more could not be told apart. Those with most in them are kept. */
const maxLines = 200;
const maxColumns = 1000;

/** Upper bounds of the heat map's rows: half octaves from 0.125 ms to 32.8 s. */
const lowestOctave = -3;
const rowsAnOctave = 2;
const rowBounds = Array.from({ length: 37 }, (_, place) => 2 ** (lowestOctave + place / rowsAnOctave));

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
  const spanMs = Math.max(stepMs, tierStepMs);
  const groups = Map.groupBy(entries, ({ labels }) => JSON.stringify(by.map((label) => labels[label] ?? "")));
  let lines: Line[] = [];
  // A line's cells are let go before those of the next are read: all of a day's would be a hundred MiB.
  for (const [key, own] of groups) {
    const cells = new Steps(Math.ceil((to - from) / stepMs), from, stepMs, tierStepMs);
    let total = 0;
    const take = (found: ReadCell) => {
      total += found.count;
      cells.add(found);
    };
    for (const entry of own) table.cells(entry, tier, range, take, isQuantile(stat));
    const names = JSON.parse(key) as string[];
    const labels = Object.fromEntries(by.map((label, place) => [label, names[place]!]));
    const value = (cell: ReadCell) => statOf(cell, stat, own[0]!.kind, spanMs) ?? null;
    lines.push({ labels, total, values: cells.map(value) });
    if (lines.length >= 2 * maxLines) lines = largest(lines);
  }
  return largest(lines).map(({ labels, values }) => ({ labels, values }));
}

interface Line extends Series {
  readonly total: number;
}

function largest(lines: readonly Line[]): Line[] {
  return lines.toSorted((a, b) => b.total - a.total).slice(0, maxLines);
}

/** What was found for each step of a line. Most steps have one cell, which is kept as it is; others have their sum. */
class Steps {
  readonly #from: number;
  readonly #stepMs: number;
  readonly #tierStepMs: number;
  readonly #found: (ReadCell | undefined)[];
  readonly #sums: (Cell | undefined)[] = [];

  constructor(count: number, from: number, stepMs: number, tierStepMs: number) {
    this.#from = from;
    this.#stepMs = stepMs;
    this.#tierStepMs = tierStepMs;
    this.#found = new Array<ReadCell | undefined>(count).fill(undefined);
  }

  add(found: ReadCell): void {
    const [first, end] = this.#stepsOf(found.start - this.#from);
    for (let step = Math.max(0, first); step < Math.min(end, this.#found.length); step++) {
      const before = this.#found[step];
      let sum = this.#sums[step];
      if (before === undefined) {
        this.#found[step] = found;
        continue;
      }
      if (sum === undefined) {
        sum = new Cell(found.start);
        before.addTo(sum);
        this.#sums[step] = sum;
      }
      found.addTo(sum);
    }
  }

  /**
   * Where a bucket stands that begins so long after the first step: a coarser one in all steps that begin within it. One that
   * began before the first step is in none, or that would have a bucket more than the others.
   */
  #stepsOf(afterMs: number): [first: number, end: number] {
    if (this.#tierStepMs > this.#stepMs) {
      return [Math.ceil(afterMs / this.#stepMs), Math.ceil((afterMs + this.#tierStepMs) / this.#stepMs)];
    }
    const step = Math.floor(afterMs / this.#stepMs);
    return [step, step + 1];
  }

  /** Null for a step of which nothing was found. */
  map(value: (cell: ReadCell) => number | null): (number | null)[] {
    return this.#found.map((found, step) => (found === undefined ? null : value(this.#sums[step] ?? found)));
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

/** Durations of all that the labels fit, added up; in columns as long as the stored buckets where those are longer. Throws `bad-request`. */
export function heatmapOf(table: MetricTable, query: HeatmapQuery, now: number): Heatmap {
  const { metric: name, service, to } = query;
  checkRange(query.from, to, query.step, maxColumns);
  const labels = { ...labelsOf(query.where), ...(service === undefined ? {} : { service }) };
  const entries = table.matching(name, labels);
  const tier = table.tierFor({ from: query.from, to, stepMs: query.step, now }, entries.length);
  const stepMs = Math.max(query.step, table.stepOf(tier));
  const from = stepMs > query.step ? Math.floor(query.from / stepMs) * stepMs : query.from;
  const columns = Math.ceil((to - from) / stepMs);
  const counts = Array.from({ length: columns }, () => new Array<number>(rowBounds.length).fill(0));
  for (const entry of entries) {
    table.cells(entry, tier, { from, to, stepMs, now }, (found) => {
      const column = counts[Math.floor((found.start - from) / stepMs)];
      if (column === undefined) return;
      const zeros = found.visit((index, scale, count) => {
        column[rowFor(index, scale)]! += count;
      });
      column[0]! += zeros;
    });
  }
  return { from, stepMs, bounds: rowBounds, counts };
}

/** Of the middle of bucket `index`. */
function rowFor(index: number, scale: number): number {
  const octave = (index + 0.5) * 2 ** -scale;
  const row = Math.ceil((octave - lowestOctave) * rowsAnOctave);
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
