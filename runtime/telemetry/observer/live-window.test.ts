import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import type { MetricPoint } from "../model.ts";
import { metric } from "../names.ts";
import { LiveWindow } from "./live-window.ts";

/** A point as it comes from a worker: every object in it is new. */
function point(route: string, outcome = "ok", buckets = 40): MetricPoint {
  return structuredClone({
    name: metric.serverDuration,
    kind: "histogram" as const,
    unit: "ms",
    labels: { service: "orders", instance: "orders-1", route, outcome },
    histogram: {
      scale: 3,
      count: buckets,
      sum: buckets * 2,
      min: 1,
      max: 40,
      zeros: 0,
      buckets: Array.from({ length: buckets }, (_, i) => [i, 1] as const),
    },
  });
}

test("the graph adds up what lies in its window", () => {
  const live = new LiveWindow();
  for (let second = 0; second < 10; second++) {
    live.add(point("/a"), second * 1000);
    live.add(point("/b", "error", 20), second * 1000);
  }
  const [orders] = live.graph(9500, 5000).nodes;
  expect(orders?.ratePerSecond).toBe(60);
  expect(orders?.errorsPerSecond).toBe(20);
  expect(orders?.p50Ms).toBeGreaterThan(2 ** (12 / 8));
  expect(orders?.p50Ms).toBeLessThan(2 ** (18 / 8));
});

test("of histograms without buckets the rate is known, and no percentile", () => {
  const live = new LiveWindow();
  const { histogram, ...head } = point("/a");
  live.add({ ...head, histogram: { ...histogram!, buckets: [], zeros: 0 } }, 1000);
  expect(live.graph(1500, 5000).nodes).toMatchObject([{ p50Ms: null, p99Ms: null }]);
  expect(live.graph(1500, 5000).nodes[0]?.ratePerSecond).toBeGreaterThan(0);
});

test("a gateway's work is its requests: the events that empty its caches are an edge", () => {
  const live = new LiveWindow();
  const purge = { ...point(""), name: metric.processDuration };
  for (const service of ["gateway", "orders"]) {
    live.add({ ...purge, labels: { service, instance: `${service}-1`, topic: "t", outcome: "ok" } }, 0);
  }
  const { nodes, edges } = live.graph(1000, 5000);
  expect(nodes.map(({ service }) => service)).toEqual(["orders"]);
  expect(edges.map(({ from, to, topic }) => [from, to, topic])).toEqual([
    ["broker", "orders", "t"],
    ["broker", "gateway", "t"],
  ]);
});

test("buckets in any order are the same histogram", () => {
  const live = new LiveWindow();
  const { histogram, ...rest } = point("/a");
  live.add({ ...rest, histogram: { ...histogram!, buckets: histogram!.buckets.toReversed() } }, 0);
  const ordered = new LiveWindow();
  ordered.add(point("/a"), 0);
  expect(live.graph(500)).toEqual(ordered.graph(500));
});

test("a minute of points is held by few objects, and let go with its series", () => {
  const live = new LiveWindow();
  const seconds = 60;
  const routes = 50;
  const objects = () => {
    Bun.gc(true);
    return heapStats().objectCount;
  };
  const before = objects();
  for (let second = 0; second < seconds; second++) {
    for (let route = 0; route < routes; route++) live.add(point(`/${route}`), second * 1000);
  }
  const perPoint = (objects() - before) / (seconds * routes);
  expect(live.series).toBe(routes);
  expect(perPoint).toBeLessThan(4);
  live.trim(seconds * 1000 + 61_000);
  expect(live.series).toBe(0);
});

test("is bounded in points", () => {
  const live = new LiveWindow({ maxPoints: 10 });
  for (let i = 0; i < 25; i++) live.add(point(`/${i}`), i);
  live.trim(30);
  expect(live.series).toBe(10);
});

function gauge(service: string, instance: string, value: number): MetricPoint {
  return { name: metric.cpu, kind: "gauge", unit: "", labels: { service, instance }, value };
}

test("services of one host that have its name as their instance keep their own gauges", () => {
  const live = new LiveWindow();
  live.add(gauge("a", "host", 0.1), 0);
  live.add(gauge("b", "host", 0.2), 0);
  const { nodes } = live.graph(100);
  expect(nodes.map(({ service, instances }) => [service, instances.map(({ cpu }) => cpu)])).toEqual([
    ["a", [0.1]],
    ["b", [0.2]],
  ]);
});

test("is bounded in instances, those with gauges and those with durations", () => {
  const live = new LiveWindow({ maxInstances: 3 });
  const taken = [1, 2, 3, 4].map((id) => live.add(gauge("a", `a-${id}`, 1), 0));
  expect(taken).toEqual([true, true, true, false]);
  expect(live.add(gauge("a", "a-1", 2), 0)).toBe(true);
  for (let id = 10; id < 20; id++) {
    const { labels, ...rest } = point("/a");
    live.add({ ...rest, labels: { ...labels, instance: `orders-${id}` } }, 0);
  }
  const [a, orders] = live.graph(100).nodes;
  expect(a?.instances).toHaveLength(3);
  expect(orders?.instances).toHaveLength(3);
  expect(orders?.ratePerSecond).toBe(80);
  // Gone ones make room.
  live.trim(200_000);
  expect(live.add(gauge("a", "a-4", 1), 200_000)).toBe(true);
});

test("a graph of thousands of services and instances is linear in them", () => {
  const live = new LiveWindow({ maxInstances: 20_000 });
  const timed = (count: number) => {
    for (let id = 0; id < count; id++) live.add(gauge(`s${id}`, `s${id}-1`, 1), 0);
    const begun = performance.now();
    live.graph(100);
    return performance.now() - begun;
  };
  timed(200);
  const few = timed(1000);
  // Sixteen times as many; each with each were 256 times.
  expect(timed(16_000)).toBeLessThan(Math.max(few, 2) * 100);
});
