import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { VirtualClock } from "../../virtual-clock.ts";
import type { HistogramData, MetricPoint } from "../model.ts";
import { metric } from "../names.ts";
import type { Heatmap, LiveGraph, Series } from "../query.ts";
import { gaugeMs } from "./live-window.ts";
import { Observer } from "./observer.ts";
import { queries, type QueryParameters } from "./queries.ts";
import { batch } from "./spans-fixture.ts";

const start = 1_700_000_000_000;
let clock: VirtualClock;
let observer: Observer;
let sequence: number;

beforeEach(() => {
  clock = new VirtualClock(start);
  observer = new Observer({
    file: ":memory:",
    clock,
    maxSeries: 50,
    tiers: [
      { stepMs: 1000, keepMs: 60_000 },
      { stepMs: 10_000, keepMs: 600_000 },
    ],
  });
  observer.start();
  sequence = 1;
});

afterEach(() => observer.stop());

function report(...metrics: MetricPoint[]): void {
  observer.intake.batch(batch(sequence++, { at: clock.now(), metrics }), clock.now());
}

const counter = (value: number, labels: Record<string, string> = {}): MetricPoint => ({
  name: "c",
  kind: "counter",
  unit: "1",
  labels,
  value,
});

/** `count` values of about `ms` each. */
function durations(count: number, ms: number): HistogramData {
  const index = Math.ceil(Math.log2(ms) * 8) - 1;
  return { scale: 3, count, sum: count * ms, min: ms, max: ms, zeros: 0, buckets: [[index, count]] };
}

function duration(name: string, count: number, ms: number, labels: Record<string, string> = {}): MetricPoint {
  return { name, kind: "histogram", unit: "ms", labels, histogram: durations(count, ms) };
}

function series(params: Record<string, string | string[]>): Series[] {
  const range = { from: String(start), to: String(clock.now()), stepMs: "1000", stat: "rate" };
  return queries.series!(observer, { ...range, ...params }) as Series[];
}

describe("charts", () => {
  test("rates of counters, by label and under a condition; a gap is a gap", () => {
    report(counter(2, { route: "/a" }), counter(5, { route: "/b" }));
    clock.advance(1000);
    report(counter(4, { route: "/a" }));
    clock.advance(1000);
    clock.advance(1000);
    expect(series({ metric: "c" })).toEqual([{ labels: {}, values: [7, 4, null] }]);
    expect(series({ metric: "c", by: "route" })).toContainEqual({
      labels: { route: "/b" },
      values: [5, null, null],
    });
    expect(series({ metric: "c", by: "route", where: "route=/a" })).toEqual([
      { labels: { route: "/a" }, values: [2, 4, null] },
    ]);
    expect(series({ metric: "c", where: ["service=orders", "route=/x"] })).toEqual([]);
    expect(series({ metric: "unknown" })).toEqual([]);
  });

  test("gauges have a mean and a maximum, histograms percentiles over all that is added up", () => {
    const gauge = (value: number): MetricPoint => ({
      name: "g",
      kind: "gauge",
      unit: "By",
      labels: {},
      value,
    });
    report(gauge(10), duration("h", 99, 10));
    clock.advance(400);
    report(gauge(30), duration("h", 1, 1000, { instance: "orders-2" }));
    clock.advance(5000);
    expect(series({ metric: "g", stat: "mean" })[0]?.values[0]).toBe(20);
    expect(series({ metric: "g", stat: "max" })[0]?.values[0]).toBe(30);
    expect(series({ metric: "h", stat: "p50" })[0]?.values[0]).toBeCloseTo(10, 0);
    expect(Number(series({ metric: "h", stat: "p999" })[0]?.values[0]) / 1000).toBeCloseTo(1, 1);
    expect(series({ metric: "h", stat: "mean" })[0]?.values[0]).toBeCloseTo(19.9, 1);
    expect(series({ metric: "h", stat: "rate" })[0]?.values[0]).toBe(100);
  });

  test("what is older is answered from the coarser tier, until that forgets it too", () => {
    for (let second = 0; second < 120; second++) {
      report(counter(10));
      clock.advance(1000);
    }
    const [old] = series({ metric: "c", to: String(start + 10_000) });
    expect(old?.values).toEqual(new Array(10).fill(10));
    const [coarse] = series({ metric: "c", stepMs: "20000" });
    expect(coarse?.values).toEqual(new Array(6).fill(10));
    clock.advance(1_000_000);
    expect(series({ metric: "c", to: String(start + 10_000) })).toEqual([]);
    expect(observer.stats().series).toBe(0);
  });

  test("a steady rate is one in all steps, however they lie to the stored buckets", () => {
    for (let second = 0; second < 120; second++) {
      report(counter(10), duration(metric.serverDuration, 10, 10));
      clock.advance(1000);
    }
    // 15 s hold one bucket of 10 s, or two.
    const uneven = series({ metric: "c", from: String(clock.now() - 45_000), stepMs: "15000" });
    expect(uneven[0]?.values).toEqual([10, 10, 10]);
    // A run begins at any moment.
    const odd = { from: String(start + 90_300), to: String(start + 110_300), stepMs: "2000" };
    expect(series({ metric: "c", ...odd })[0]?.values).toEqual(new Array(10).fill(10));
    // The finer buckets of the beginning are forgotten, and its steps begin within coarser ones.
    const from = String(start + 5000);
    const [coarse] = series({ metric: "c", from, to: String(start + 50_000), stepMs: "5000" });
    expect(coarse?.values).toEqual(new Array(9).fill(10));
    const ask = { service: "orders", from, to: String(start + 45_000), step: "5000" };
    const { from: first, stepMs, counts } = queries.heatmap!(observer, ask) as Heatmap;
    expect([first, stepMs]).toEqual([start, 10_000]);
    expect(counts.map((column) => column.reduce((a, b) => a + b))).toEqual([100, 100, 100, 100, 100]);
  });

  test("a late report is added to the bucket that was written", () => {
    report(counter(1));
    clock.advance(5000);
    observer.intake.batch(batch(sequence++, { at: start + 10, metrics: [counter(2)] }), clock.now());
    clock.advance(5000);
    expect(series({ metric: "c" })[0]?.values[0]).toBe(3);
  });

  test("a clock that is a day off counts for now", () => {
    observer.intake.batch(batch(sequence++, { at: start - 86_400_000, metrics: [counter(2)] }), clock.now());
    clock.advance(3000);
    expect(series({ metric: "c" })[0]?.values[0]).toBe(2);
    expect(observer.tally.of("skew")).toBe(1);
  });

  test("series are bounded, and further points counted", () => {
    for (let n = 0; n < 60; n++) report(counter(1, { n: String(n) }));
    clock.advance(3000);
    expect(observer.stats().series).toBe(50);
    expect(observer.tally.of("series")).toBe(10);
  });

  test("questions without an answer are refused with what is wrong", () => {
    clock.advance(1000);
    expect(() => series({ metric: "c", stat: "p42" })).toThrow("stat must be one of");
    expect(() => series({ metric: "c", to: String(start - 1) })).toThrow("later than from");
    expect(() => series({ metric: "c", to: String(start + 1e9) })).toThrow("longer");
    expect(() => series({ metric: "c", where: "nothing" })).toThrow("label=value");
    expect(() => series({ metric: "c", stepMs: "0" })).toThrow("stepMs");
    expect(() => series({ metric: "c", colour: "red" })).toThrow("colour");
  });

  test("the heat map has each request once, in the row of its duration", () => {
    report(duration(metric.serverDuration, 3, 10), duration(metric.serverDuration, 1, 3000));
    clock.advance(4000);
    const ask = { service: "orders", from: String(start), to: String(start + 4000), step: "1000" };
    const { bounds, counts } = queries.heatmap!(observer, ask) as Heatmap;
    const filled = counts.flatMap((column, at) =>
      column.flatMap((count, row) => (count > 0 ? [[at, bounds[row - 1]! < 10.5, count]] : [])),
    );
    expect(filled).toEqual([
      [0, true, 3],
      [0, false, 1],
    ]);
  });

  test("the heat map is of a service, an edge, an instance or a route, as its labels say", () => {
    report(
      duration(metric.serverDuration, 3, 10, { route: "GET /a" }),
      duration(metric.serverDuration, 5, 10, { route: "GET /b", instance: "orders-2" }),
      duration(metric.clientDuration, 7, 10, { to: "catalog" }),
      duration(metric.clientDuration, 11, 10, { to: "payments" }),
    );
    clock.advance(4000);
    const of = (ask: QueryParameters) => {
      const range = { from: String(start), to: String(start + 4000), step: "1000" };
      const { counts } = queries.heatmap!(observer, { ...range, ...ask }) as Heatmap;
      return counts.flat().reduce((sum, count) => sum + count, 0);
    };
    expect(of({ where: "route=GET /a" })).toBe(3);
    expect(of({ where: ["service=orders", "instance=orders-2"] })).toBe(5);
    expect(of({ metric: metric.clientDuration, where: ["service=orders", "to=catalog"] })).toBe(7);
    expect(of({ metric: metric.clientDuration, service: "orders" })).toBe(18);
    expect(of({})).toBe(8);
    expect(() => of({ where: "nothing" })).toThrow("label=value");
  });
});

describe("the live graph", () => {
  test("has rates, errors and percentiles of services, instances and edges", () => {
    report(
      duration(metric.serverDuration, 90, 10, { route: "/a", outcome: "ok" }),
      duration(metric.serverDuration, 10, 400, { route: "/a", outcome: "error", instance: "orders-2" }),
      duration(metric.clientDuration, 50, 5, { to: "catalog", outcome: "ok" }),
      duration(metric.publishDuration, 20, 1, { topic: "order.placed", outcome: "ok" }),
      duration(metric.processDuration, 15, 2, { topic: "stock.reserved", subscription: "s", outcome: "ok" }),
      { name: metric.cpu, kind: "gauge", unit: "1", labels: {}, value: 0.25 },
    );
    clock.advance(500);
    const graph = queries.graph!(observer, { windowMs: "5000" }) as LiveGraph;
    const [orders] = graph.nodes;
    expect(orders).toMatchObject({
      service: "orders",
      role: "service",
      ratePerSecond: 23,
      errorsPerSecond: 2,
    });
    expect(orders?.p99Ms).toBeCloseTo(400, -1);
    expect(orders?.instances).toMatchObject([
      { id: "orders-1", ratePerSecond: 21, cpu: 0.25 },
      { id: "orders-2", ratePerSecond: 2, errorsPerSecond: 2 },
    ]);
    expect(graph.edges).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ from: "orders", to: "catalog", kind: "call", ratePerSecond: 10 }),
        expect.objectContaining({ from: "orders", to: "broker", kind: "publish", topic: "order.placed" }),
        expect.objectContaining({ from: "broker", to: "orders", kind: "delivery", topic: "stock.reserved" }),
      ]),
    );
    clock.advance(gaugeMs + 1_000);
    expect((queries.graph!(observer, {}) as LiveGraph).nodes).toEqual([]);
  });
});
