import { describe, expect, test } from "bun:test";
import { Metrics } from "./metrics.ts";

describe("metrics", () => {
  test("the same name and labels are the same series, in whatever order", () => {
    const metrics = new Metrics(10);
    expect(metrics.counter("c", "1", { a: "1", b: "2" })).toBe(metrics.counter("c", "1", { b: "2", a: "1" }));
    expect(metrics.counter("c", "1", { a: "1" })).not.toBe(metrics.counter("c", "1", { a: "2" }));
  });

  test("counters report what came since, gauges what is", () => {
    const metrics = new Metrics(10);
    const counter = metrics.counter("c", "1");
    const gauge = metrics.gauge("g", "By", { x: "y" });
    expect(metrics.take(0, 10)).toEqual([]);
    counter.add();
    counter.add(2);
    gauge.set(7);
    expect(metrics.changed).toBe(true);
    expect(metrics.take(0, 10)).toEqual([
      { name: "c", kind: "counter", unit: "1", labels: {}, value: 3 },
      { name: "g", kind: "gauge", unit: "By", labels: { x: "y" }, value: 7 },
    ]);
    expect(metrics.changed).toBe(false);
    expect(metrics.take(0, 10).map((point) => point.value)).toEqual([7]);
    gauge.clear();
    expect(metrics.take(0, 10)).toEqual([]);
  });

  test("observers set gauges right before a report, until they are ended", () => {
    const metrics = new Metrics(10);
    let value = 1;
    const gauge = metrics.gauge("g", "1");
    const end = metrics.observe(() => gauge.set(value));
    expect(metrics.take(0, 10)[0]?.value).toBe(1);
    value = 2;
    expect(metrics.take(0, 10)[0]?.value).toBe(2);
    end();
    value = 3;
    expect(metrics.take(0, 10)[0]?.value).toBe(2);
  });

  test("beyond the limit all goes into one series, and is counted", () => {
    const metrics = new Metrics(2);
    metrics.counter("c", "1", { n: "1" });
    metrics.counter("c", "1", { n: "2" });
    for (let n = 3; n < 6; n++) metrics.counter("c", "1", { n: String(n) }).add();
    expect(metrics.take(0, 10)).toEqual([
      { name: "c", kind: "counter", unit: "1", labels: { "otel.metric.overflow": "true" }, value: 3 },
    ]);
    expect(metrics.takeRefused()).toBe(3);
    expect(metrics.takeRefused()).toBe(0);
  });

  test("a report without room for all leaves the rest to the next", () => {
    const metrics = new Metrics(10);
    for (let n = 0; n < 5; n++) metrics.counter("c", "1", { n: String(n) }).add(n + 1);
    const values = [metrics.take(0, 2), metrics.take(0, 2), metrics.take(0, 2)].map((points) =>
      points.map((point) => point.value),
    );
    expect(values).toEqual([[1, 2], [3, 4], [5]]);
  });

  test("one name is one kind", () => {
    const metrics = new Metrics(10);
    metrics.counter("c", "1");
    expect(() => metrics.gauge("c", "1")).toThrow(TypeError);
  });
});
