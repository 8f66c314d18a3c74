import type { RunSummary, SummaryRow } from "../telemetry/query.ts";

/** What one run did on a route, an edge or a service. */
export interface ComparedSide {
  readonly count: number;
  readonly ratePerSecond: number;
  readonly errors: number;
  /** 0 to 1. */
  readonly errorShare: number;
  /** Null: not known. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** B by A; absent where A has nothing to divide by. */
export interface Ratios {
  readonly rate?: number;
  readonly p50?: number;
  readonly p99?: number;
}

export interface ComparedRow {
  readonly kind: SummaryRow["kind"];
  readonly name: string;
  readonly metric: string;
  readonly where: readonly string[];
  /** Absent where the run had none of it. */
  readonly a?: ComparedSide;
  readonly b?: ComparedSide;
  readonly ratios: Ratios;
  /** How much it changed, for the order of rows: 1 is a doubling or halving of a time. */
  readonly weight: number;
  /** Too few calls in one of the runs for its p99 to mean much. */
  readonly thin: boolean;
}

/** The 99th percentile of fewer than this is the one slowest. */
const thinCount = 100;
/** Of thin rows: they would otherwise lead the list by accident. */
const thinFactor = 0.25;
/** Halving of the rate counts less than doubling of a time: load is chosen, times are not. */
const rateFactor = 0.3;
/** Ten points of errors more or fewer weigh as much as a doubling. */
const errorFactor = 10;
/** Only one of the runs has it. */
const onlyWeight = 4;

/** Two runs row by row; what changed most comes first. */
export function compareSummaries(a: RunSummary, b: RunSummary): ComparedRow[] {
  const byKey = new Map<string, { a?: SummaryRow; b?: SummaryRow }>();
  for (const [side, { rows }] of [["a", a] as const, ["b", b] as const]) {
    for (const row of rows) {
      const key = `${row.kind}\0${row.name}`;
      byKey.set(key, { ...byKey.get(key), [side]: row });
    }
  }
  const rows = [...byKey.values()].map((pair) => comparedRow(pair, a.to - a.from, b.to - b.from));
  const load = commonLoad(rows);
  return rows
    .map((row) => ({ ...row, weight: weightOf(row, load) * (row.thin ? thinFactor : 1) }))
    .sort((x, y) => y.weight - x.weight || countOf(y) - countOf(x));
}

function comparedRow(
  pair: { readonly a?: SummaryRow; readonly b?: SummaryRow },
  aSpanMs: number,
  bSpanMs: number,
): Omit<ComparedRow, "weight"> {
  const { kind, name, metric, where } = (pair.a ?? pair.b)!;
  const a = pair.a && sideOf(pair.a, aSpanMs);
  const b = pair.b && sideOf(pair.b, bSpanMs);
  const thin = Math.min(a?.count ?? thinCount, b?.count ?? thinCount) < thinCount;
  const ratios: Ratios = {
    ...ratio("rate", a?.ratePerSecond, b?.ratePerSecond),
    ...ratio("p50", a?.p50Ms, b?.p50Ms),
    ...ratio("p99", a?.p99Ms, b?.p99Ms),
  };
  return { kind, name, metric, where, ...(a && { a }), ...(b && { b }), ratios, thin };
}

function sideOf({ count, errors, p50Ms, p99Ms }: SummaryRow, spanMs: number): ComparedSide {
  return {
    count,
    ratePerSecond: (count * 1000) / spanMs,
    errors,
    errorShare: count === 0 ? 0 : errors / count,
    p50Ms,
    p99Ms,
  };
}

function ratio(
  name: keyof Ratios,
  before: number | null | undefined,
  after: number | null | undefined,
): Ratios {
  if (typeof before !== "number" || typeof after !== "number" || before <= 0) return {};
  return { [name]: after / before };
}

/** By how much the load of all differs: a route that only had its share of more load did not change. */
function commonLoad(rows: readonly Omit<ComparedRow, "weight">[]): number {
  const ratios = rows
    .flatMap(({ ratios: { rate }, thin }) => (rate === undefined || rate <= 0 || thin ? [] : [rate]))
    .sort((x, y) => x - y);
  return ratios[Math.floor(ratios.length / 2)] ?? 1;
}

function weightOf({ a, b, ratios: { rate, p50, p99 } }: Omit<ComparedRow, "weight">, load: number): number {
  if (a === undefined || b === undefined) return onlyWeight;
  const doublings = (value: number | undefined) =>
    value === undefined || value <= 0 ? 0 : Math.abs(Math.log2(value));
  return Math.max(
    doublings(p99),
    doublings(p50),
    doublings(rate === undefined ? undefined : rate / load) * rateFactor,
    Math.abs(b.errorShare - a.errorShare) * errorFactor,
  );
}

function countOf({ a, b }: ComparedRow): number {
  return (a?.count ?? 0) + (b?.count ?? 0);
}
