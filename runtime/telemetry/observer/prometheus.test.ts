import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MetricPoint } from "../model.ts";
import { expose } from "./prometheus.ts";
import { Totals } from "./totals.ts";

const at = 1_700_000_000_000;
const labels = { service: "orders", instance: "orders-1" };
const histogram: NonNullable<MetricPoint["histogram"]> = {
  scale: 3,
  count: 4,
  sum: 1030,
  min: 0,
  max: 1000,
  zeros: 1,
  buckets: [
    [23, 2],
    [79, 1],
  ],
};
const exemplar = { traceId: "a".repeat(32), spanId: "b".repeat(16), value: 1000, at };

function totals(...points: MetricPoint[]): Totals {
  const made = new Totals(1000);
  for (const point of points) made.add(point, at);
  return made;
}

const some = () =>
  totals(
    { name: "http.server.request.duration", kind: "histogram", unit: "ms", labels, histogram, exemplar },
    { name: "microcosm.cache.requests", kind: "counter", unit: "{request}", labels, value: 3 },
    { name: "microcosm.cache.requests", kind: "counter", unit: "{request}", labels, value: 4 },
    { name: "process.memory.rss", kind: "gauge", unit: "By", labels, value: 123 },
  ).all();

test("names, units and cumulative buckets are Prometheus's own", () => {
  const lines = expose(some(), "prometheus").split("\n");
  expect(lines).toContain("# TYPE http_server_request_duration_seconds histogram");
  const bucket = (le: string) =>
    `http_server_request_duration_seconds_bucket{instance="orders-1",service="orders",le="${le}"}`;
  expect(lines).toContain(`${bucket("0.004")} 1`);
  expect(lines).toContain(`${bucket("0.008")} 3`);
  expect(lines).toContain(`${bucket("0.512")} 3`);
  expect(lines).toContain(`${bucket("1.024")} 4`);
  expect(lines).toContain(`${bucket("+Inf")} 4`);
  expect(lines).toContain(
    'http_server_request_duration_seconds_sum{instance="orders-1",service="orders"} 1.03',
  );
  expect(lines).toContain('microcosm_cache_requests_total{instance="orders-1",service="orders"} 7');
  expect(lines).toContain('process_memory_rss_bytes{instance="orders-1",service="orders"} 123');
  expect(lines.join("\n")).not.toContain("trace_id");
});

test("OpenMetrics has the exemplar in its bucket, once, and an end", () => {
  const text = expose(some(), "openmetrics");
  const examples = text.split("\n").filter((line) => line.includes("# {"));
  expect(examples).toEqual([
    `http_server_request_duration_seconds_bucket{instance="orders-1",service="orders",le="1.024"} 4 # {trace_id="${exemplar.traceId}",span_id="${exemplar.spanId}"} 1 1700000000.000`,
  ]);
  expect(text).toContain("# TYPE microcosm_cache_requests counter\n");
  expect(text).toEndWith("# EOF\n");
});

describe("whatever names and labels are", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.constantFrom("a.b", "a-b", "a_b", "1", "x_total"),
  );
  const point = fc
    .record({
      name,
      kind: fc.constantFrom("counter" as const, "gauge" as const, "histogram" as const),
      unit: fc.constantFrom("", "ms", "s", "By", "1"),
      labels: fc.dictionary(name, fc.string({ unit: "binary" }), { maxKeys: 4 }),
    })
    .map(
      ({ kind, ...rest }): MetricPoint =>
        kind === "histogram" ? { ...rest, kind, histogram } : { ...rest, kind, value: 1 },
    );

  test("every line is one that Prometheus reads, and no family comes twice", () => {
    const sample =
      /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*",?)*\})? -?[0-9.e+-]+$/u;
    fc.assert(
      fc.property(fc.array(point, { maxLength: 8 }), (points) => {
        const text = expose(totals(...points).all(), "prometheus");
        const types = new Set<string>();
        for (const line of text.split("\n").filter((one) => one !== "")) {
          if (line.startsWith("# HELP ")) continue;
          const type = /^# TYPE (\S+) /.exec(line)?.[1];
          if (type === undefined) expect(line).toMatch(sample);
          else {
            expect(types.has(type)).toBe(false);
            types.add(type);
          }
        }
      }),
    );
  });
});

// Debian's package `prometheus` has it; .ci/run installs it.
test.skipIf(Bun.which("promtool") === null)("promtool finds nothing to complain about", async () => {
  const child = Bun.spawn(["promtool", "check", "metrics"], {
    stdin: new Blob([expose(some(), "prometheus")]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
  expect(output).toBe("");
  expect(await child.exited).toBe(0);
});
