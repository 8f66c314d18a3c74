import { expect, test } from "bun:test";
import type { Database } from "bun:sqlite";
import type { MetricPoint } from "../model.ts";
import { metric } from "../names.ts";
import { MetricTable } from "./metric-table.ts";
import { Histogram } from "./histogram.ts";
import { observerSettings } from "./options.ts";
import { runSummary } from "./run-summary.ts";
import { openTables } from "./tables.ts";
import { Tally } from "./tally.ts";

const start = 1_700_000_000_000;
const { tiers } = observerSettings({ file: ":memory:" });

function tableOf(): { table: MetricTable; db: Database } {
  const steps = tiers.map(({ stepMs }) => stepMs);
  const db = openTables(":memory:", steps);
  return { table: new MetricTable(db, tiers, 1000, new Tally()), db };
}

function durations(name: string, labels: Record<string, string>, values: readonly number[]): MetricPoint {
  const histogram = new Histogram();
  for (const value of values) {
    const index = Math.ceil(Math.log2(value) * 8) - 1;
    const one = { scale: 3, count: 1, sum: value, min: value, max: value, zeros: 0 };
    histogram.add({ ...one, buckets: [[index, 1]] });
  }
  return { name, kind: "histogram", unit: "ms", labels, histogram: histogram.toData() };
}

test("percentiles are those of all requests together, not a mean of instances or of seconds", () => {
  const { table } = tableOf();
  const labels = { service: "catalog", outcome: "ok" };
  // 990 quick ones on one instance, 10 slow ones on another: the mean of both p99 would be about 500.
  for (let second = 0; second < 10; second++) {
    const at = start + second * 1000;
    const quick = durations(metric.serverDuration, { ...labels, instance: "catalog-1" }, Array(99).fill(1));
    const slow = durations(metric.serverDuration, { ...labels, instance: "catalog-2" }, [1000]);
    table.add(quick, at);
    table.add(slow, at);
  }
  const { rows } = runSummary(table, { from: start, to: start + 10_000 }, start + 10_000);
  expect(rows).toHaveLength(1);
  const [row] = rows;
  expect(row).toMatchObject({ kind: "service", name: "catalog", count: 1000, errors: 0 });
  expect(row?.p99Ms).toBe(1);
  expect(row?.histogram.max).toBe(1000);
});

test("tells services, the gateway's routes, and edges of calls and events apart", () => {
  const { table } = tableOf();
  const gateway = { service: "gateway", instance: "gateway-1", route: "GET /v1/products" };
  table.add(durations(metric.serverDuration, { ...gateway, outcome: "ok" }, [2, 2, 2]), start);
  table.add(durations(metric.serverDuration, { ...gateway, outcome: "error" }, [4]), start);
  const inside = { service: "catalog", instance: "catalog-1", route: "GET /products" };
  table.add(durations(metric.serverDuration, { ...inside, outcome: "ok" }, [1]), start);
  table.add(
    durations(metric.clientDuration, { service: "gateway", to: "catalog", outcome: "ok" }, [1]),
    start,
  );
  table.add(
    durations(metric.publishDuration, { service: "orders", topic: "placed", outcome: "ok" }, [1]),
    start,
  );
  table.add(
    durations(metric.processDuration, { service: "mail", topic: "placed", outcome: "ok" }, [1]),
    start,
  );
  const { rows } = runSummary(table, { from: start, to: start + 1000 }, start + 1000);
  expect(
    Object.fromEntries(rows.map(({ kind, name, count, errors }) => [`${kind} ${name}`, [count, errors]])),
  ).toEqual({
    "service gateway": [4, 1],
    "route GET /v1/products": [4, 1],
    "service catalog": [1, 0],
    "call gateway → catalog": [1, 0],
    "publish placed by orders": [1, 0],
    "delivery placed to mail": [1, 0],
  });
});
