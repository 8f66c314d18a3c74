import { MicrocosmError } from "../../../sdk/errors.ts";
import { metric } from "../names.ts";
import type { RunSummary, SummaryRow } from "../query.ts";
import { Cell } from "./cell.ts";
import { Histogram } from "./histogram.ts";
import { isError } from "./live-window.ts";
import type { MetricTable } from "./metric-table.ts";

/** Fine enough that little of another time gets in at either end. */
const stepMs = 10_000;
/** Rows of one answer; those with most in them are kept. */
const maxRows = 2000;

interface Sum {
  readonly kind: SummaryRow["kind"];
  readonly name: string;
  readonly metric: string;
  readonly where: readonly string[];
  readonly histogram: Histogram;
  errors: number;
}

type Key = Pick<SummaryRow, "kind" | "name" | "where">;
type Labels = Readonly<Record<string, string>>;

/** What a series counts for. The broker's services are not there: events are told by their edges. */
const kinds: Readonly<Record<string, (labels: Labels) => readonly Key[]>> = {
  [metric.serverDuration]: ({ service = "", route = "" }) => [
    { kind: "service", name: service, where: [`service=${service}`] },
    // A service's own routes are its insides; clients know the gateway's.
    ...(service === "gateway" && route !== ""
      ? [{ kind: "route", name: route, where: [`service=${service}`, `route=${route}`] } as const]
      : []),
  ],
  [metric.clientDuration]: ({ service = "", to = "" }) => [
    { kind: "call", name: `${service} → ${to}`, where: [`service=${service}`, `to=${to}`] },
  ],
  [metric.publishDuration]: ({ service = "", topic = "" }) => [
    { kind: "publish", name: `${topic} by ${service}`, where: [`service=${service}`, `topic=${topic}`] },
  ],
  [metric.processDuration]: ({ service = "", topic = "" }) => [
    { kind: "delivery", name: `${topic} to ${service}`, where: [`service=${service}`, `topic=${topic}`] },
  ],
};

/** Per route, edge and service all of [from, to) in one histogram each. Throws `bad-request`. */
export function runSummary(
  table: MetricTable,
  { from, to }: { readonly from: number; readonly to: number },
  now: number,
): RunSummary {
  if (!(to > from)) throw new MicrocosmError("bad-request", "to must be later than from");
  const sums = new Map<string, Sum>();
  for (const [name, keysOf] of Object.entries(kinds)) {
    const entries = table.matching(name, {});
    const range = { from, to, stepMs, now };
    const tier = table.tierFor(range, entries.length);
    for (const entry of entries) {
      const all = new Cell(from);
      table.cells(entry, tier, range, (found) => found.addTo(all));
      if (all.histogram === undefined) continue;
      for (const key of keysOf(entry.labels)) {
        const sum = sumOf(sums, name, key);
        sum.histogram.add(all.histogram);
        if (isError(entry.labels)) sum.errors += all.count;
      }
    }
  }
  const rows = [...sums.values()].sort((a, b) => b.histogram.count - a.histogram.count).slice(0, maxRows);
  return {
    from,
    to,
    rows: rows.map(({ histogram, errors, ...row }) => ({
      ...row,
      count: histogram.count,
      errors,
      histogram: histogram.toData(),
      p50Ms: histogram.quantile(0.5) ?? null,
      p99Ms: histogram.quantile(0.99) ?? null,
    })),
  };
}

function sumOf(sums: Map<string, Sum>, metric: string, row: Key): Sum {
  const key = `${row.kind}\0${row.name}`;
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { ...row, metric, histogram: new Histogram(), errors: 0 };
    sums.set(key, sum);
  }
  return sum;
}
