import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LogRecord, MetricPoint, SpanRecord } from "../../model.ts";
import { Histogram } from "../histogram.ts";
import { Intake } from "../intake.ts";
import { span, spanId, traceId } from "../spans-fixture.ts";
import { Tally } from "../tally.ts";
import { Totals } from "../totals.ts";
import { otlpLogs, otlpMetrics, otlpTraces } from "./encode.ts";
import { OtlpReceiver } from "./receiver.ts";

const now = 1_700_000_000_000;
let spans: SpanRecord[];
let logs: LogRecord[];
let points: MetricPoint[];
let tally: Tally;
let receiver: OtlpReceiver;

beforeEach(() => {
  spans = [];
  logs = [];
  points = [];
  tally = new Tally();
  const sink = {
    span: (one: SpanRecord) => void spans.push(one),
    log: (one: LogRecord) => void logs.push(one),
    point: (one: MetricPoint) => void points.push(one),
  };
  receiver = new OtlpReceiver(new Intake(sink, tally), tally, now);
});

function take(signal: "traces" | "logs" | "metrics", text: string) {
  return receiver.take(signal, "json", new TextEncoder().encode(text), now);
}

describe("what goes out as OTLP comes in again", () => {
  const attributes = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20 }).filter((key) => key !== "__proto__"),
    fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    { maxKeys: 5 },
  );
  // Microseconds, so that nothing is rounded.
  const time = fc.integer({ min: 0, max: 1e9 }).map((micros) => now + micros / 1000);

  test("spans", () => {
    const any = fc.record({
      name: fc.string(),
      kind: fc.constantFrom<SpanRecord["kind"]>("server", "client", "producer", "consumer", "internal"),
      status: fc.constantFrom<SpanRecord["status"]>("unset", "ok", "error"),
      startMs: time,
      durationMs: fc.integer({ min: 0, max: 1e7 }).map((micros) => micros / 1000),
      attributes,
      events: fc.array(fc.record({ name: fc.string(), at: time, attributes }), {
        minLength: 1,
        maxLength: 2,
      }),
      links: fc.constant([{ traceId: traceId(7), spanId: spanId(7) }]),
      parentSpanId: fc.constantFrom(spanId(2), spanId(3)),
    });
    fc.assert(
      fc.property(any, (given) => {
        spans.length = 0;
        const sent = span({ ...given, service: "é", instance: "é-1", generation: 0 });
        expect(take("traces", JSON.stringify(otlpTraces([sent])))).toEqual({});
        const { startMs, durationMs, events, ...rest } = spans[0]!;
        expect(startMs).toBeCloseTo(sent.startMs, 2);
        expect(durationMs).toBeCloseTo(sent.durationMs, 2);
        expect(events?.map(({ name }) => name)).toEqual(sent.events?.map(({ name }) => name));
        // -0 is no integer of its own in OTLP.
        const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
        const { startMs: _start, durationMs: _duration, events: _events, ...wanted } = sent;
        expect(plain(rest)).toEqual(plain(wanted));
      }),
    );
  });

  test("log lines", () => {
    const sent: LogRecord = {
      at: now,
      level: "notice",
      message: "hello",
      service: "a",
      instance: "a-1",
      traceId: traceId(1),
      spanId: spanId(1),
      fields: { n: 1, s: "x" },
    };
    take("logs", JSON.stringify(otlpLogs([sent])));
    expect(logs).toEqual([sent]);
  });

  test("metrics, as totals whose changes are told", () => {
    const totals = new Totals(10);
    const labels = { service: "a", instance: "a-1", route: "/" };
    const histogram = {
      scale: 3,
      count: 3,
      sum: 20,
      min: 4,
      max: 9,
      zeros: 0,
      buckets: [
        [20, 1],
        [22, 2],
      ] as const,
    };
    const add = (value: number) => {
      totals.add({ name: "c", kind: "counter", unit: "1", labels, value }, now);
      totals.add({ name: "g", kind: "gauge", unit: "1", labels, value }, now);
      totals.add({ name: "h", kind: "histogram", unit: "ms", labels, histogram }, now);
      points.length = 0;
      take("metrics", JSON.stringify(otlpMetrics(totals.all(), now)));
      return points;
    };
    // The series began when the receiver was there already, so all of it is new.
    expect(add(5).map(({ value, histogram: data }) => value ?? data?.count)).toEqual([5, 5, 3]);
    expect(add(2)).toMatchObject([
      { name: "c", value: 2, labels },
      { name: "g", value: 2 },
      { name: "h", histogram: { count: 3, sum: 20, buckets: histogram.buckets } },
    ]);
  });
});

test("durations leave in seconds, as the conventions have them, and come in as milliseconds", () => {
  const totals = new Totals(10);
  const labels = { service: "a", instance: "a-1" };
  const buckets = [[20, 3]] as const;
  const histogram = { scale: 3, count: 3, sum: 18, min: 5.7, max: 6.1, zeros: 0, buckets };
  totals.add({ name: "d", kind: "histogram", unit: "ms", labels, histogram }, now);
  totals.add({ name: "g", kind: "gauge", unit: "ms", labels, value: 250 }, now);
  const text = JSON.stringify(otlpMetrics(totals.all(), now));
  const { resourceMetrics } = JSON.parse(text);
  const [d, g] = resourceMetrics[0].scopeMetrics[0].metrics;
  expect(d).toMatchObject({ unit: "s", exponentialHistogram: { dataPoints: [{ count: "3" }] } });
  // The bucket is around the values still: 2^(i/8) seconds.
  const { offset } = d.exponentialHistogram.dataPoints[0].positive;
  expect(2 ** (offset / 8)).toBeLessThan(0.0061);
  expect(2 ** ((offset + 1) / 8)).toBeGreaterThan(0.0057);
  expect(g).toMatchObject({ unit: "s", gauge: { dataPoints: [{ asDouble: 0.25 }] } });
  take("metrics", text);
  expect(points).toMatchObject([
    { unit: "ms", histogram: { count: 3, buckets } },
    { unit: "ms", value: 250 },
  ]);
  expect(points[0]?.histogram?.sum).toBeCloseTo(18);
});

describe("what other senders write", () => {
  test("explicit histograms keep their count, and their values about", () => {
    const point = { explicitBounds: [10, 100], bucketCounts: ["1", "2", "0"], sum: 70, count: "3" };
    const histogram = { aggregationTemporality: 1, dataPoints: [point] };
    const document = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "h", unit: "ms", histogram }] }] }],
    };
    take("metrics", JSON.stringify(document));
    expect(points).toMatchObject([{ histogram: { count: 3, sum: 70 } }]);
    expect(points[0]?.histogram?.max).toBeLessThan(100);
  });

  test("histograms of count and sum only have a mean, and no percentiles", () => {
    const sent = (count: number, sum: number, rest: object = {}) => {
      points.length = 0;
      const histogram = { aggregationTemporality: 2, dataPoints: [{ count: String(count), sum, ...rest }] };
      const metrics = [{ name: "h", unit: "s", histogram }];
      return take("metrics", JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
    };
    expect(sent(2, 1)).toEqual({});
    sent(6, 3);
    expect(points).toMatchObject([{ unit: "ms", histogram: { count: 4, sum: 2000, buckets: [], zeros: 0 } }]);
    const sum = new Histogram().add(points[0]!.histogram!);
    expect(sum.quantile(0.5)).toBeUndefined();
    expect(sum.countUpTo(1e9)).toBe(0);
    expect(sum.countUpTo(Number.POSITIVE_INFINITY)).toBe(4);
    // One bucket for everything says no more.
    sent(8, 4, { bucketCounts: ["8"], explicitBounds: [] });
    expect(points).toMatchObject([{ histogram: { count: 2, sum: 1000, buckets: [], zeros: 0 } }]);
    expect(tally.toJSON()).toEqual({});
  });

  test("summaries are told to be no kind that is taken", () => {
    const metrics = [{ name: "s", summary: { dataPoints: [{ count: "1", sum: 1 }, {}] } }];
    const answer = take("metrics", JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
    expect(answer).toMatchObject({ partialSuccess: { rejectedDataPoints: "2" } });
    expect(answer.partialSuccess?.errorMessage).toContain("summaries");
    // resourceMetrics, scopeMetrics, metric, summary, two points, by their lengths.
    const bytes = Uint8Array.from([10, 12, 18, 10, 18, 8, 10, 0, 90, 4, 10, 0, 10, 0]);
    receiver.take("metrics", "protobuf", bytes, now);
    expect(tally.toJSON()).toEqual({ unsupported: 4 });
  });

  test("upper-case ids, names of enums and a parent of nothing are understood", () => {
    const one = {
      traceId: "AB".repeat(16),
      spanId: "CD".repeat(8),
      parentSpanId: "",
      name: "x",
      kind: "SPAN_KIND_CLIENT",
      startTimeUnixNano: "1700000000000000000",
      endTimeUnixNano: "1699999999000000000",
      status: { code: "STATUS_CODE_ERROR", message: "no" },
    };
    take("traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [one] }] }] }));
    expect(spans).toEqual([
      span({
        traceId: "ab".repeat(16),
        spanId: "cd".repeat(8),
        name: "x",
        kind: "client",
        service: "unknown_service",
        instance: "unknown_service",
        generation: 0,
        startMs: now,
        durationMs: 0,
        status: "error",
        attributes: { "otel.status_description": "no" },
      }),
    ]);
  });

  test("attributes without a key, and those too deep to be read, are left out and counted", () => {
    const deep = (levels: number): unknown =>
      levels === 0 ? { intValue: "7" } : { arrayValue: { values: [deep(levels - 1)] } };
    const attributes = [
      { key: "deep", value: deep(6) },
      { key: "deeper", value: deep(7) },
      { key: "map", value: { kvlistValue: { values: [{ key: "a", value: deep(6) }] } } },
      { value: { stringValue: "whose?" } },
      null,
      { key: "nothing", value: {} },
    ];
    const one = {
      traceId: traceId(1),
      spanId: spanId(1),
      name: "odd",
      startTimeUnixNano: "1",
      endTimeUnixNano: "1",
      attributes,
      droppedAttributesCount: 2,
    };
    take("traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [one] }] }] }));
    expect(spans[0]).toMatchObject({ attributes: { deep: "[[[[[[7]]]]]]" }, dropped: { attributes: 4 + 2 } });
    expect(Object.keys(spans[0]!.attributes)).toEqual(["deep"]);
    expect(tally.of("attributes")).toBe(4);
    const line = { timeUnixNano: "1", body: { stringValue: "odd" }, attributes };
    take("logs", JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [line] }] }] }));
    expect(Object.entries(logs[0]!.fields!)).toEqual([["deep", "[[[[[[7]]]]]]"]]);
    expect(tally.of("truncated")).toBe(1);
    const metric = { name: "m", gauge: { dataPoints: [{ asDouble: 1, attributes }] } };
    const answer = take(
      "metrics",
      JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }),
    );
    expect(answer).toMatchObject({ partialSuccess: { rejectedDataPoints: "1" } });
  });

  test("what is no OTLP is refused with what is wrong, and counted", () => {
    expect(() => take("traces", "{")).toThrow("not JSON");
    expect(() => take("traces", "[]")).toThrow("must be a JSON object");
    expect(() => take("traces", '{"resourceSpans":{}}')).toThrow("resourceSpans must be a list");
    expect(() => take("logs", '{"resourceLogs":[3]}')).toThrow("resourceLogs[0] must be an object");
    expect(tally.of("malformed")).toBe(4);
    const half = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "short" }, null] }] }] };
    expect(take("traces", JSON.stringify(half))).toMatchObject({
      partialSuccess: { rejectedSpans: "2" },
    });
  });

  test("any bytes are taken as protobuf or refused, never more", () => {
    const signal = fc.constantFrom("traces" as const, "logs" as const, "metrics" as const);
    // Length-delimited fields within one another, as far as the bytes go.
    const nested = fc.nat(400).map((depth) => new Uint8Array(depth).fill(0x0a));
    fc.assert(
      fc.property(signal, fc.oneof(fc.uint8Array({ maxLength: 200 }), nested), (kind, bytes) => {
        try {
          receiver.take(kind, "protobuf", bytes, now);
        } catch (error) {
          expect(error).toMatchObject({ code: "bad-request" });
        }
      }),
    );
  });

  test("any JSON is taken or refused, never more", () => {
    const signal = fc.constantFrom("traces" as const, "logs" as const, "metrics" as const);
    const deep = fc.json();
    const near = fc
      .array(fc.oneof(fc.object(), fc.constant({ dataPoints: [{}] })), { maxLength: 3 })
      .map((parts) =>
        JSON.stringify({
          resourceSpans: [{ scopeSpans: [{ spans: parts }] }],
          resourceLogs: [{ scopeLogs: [{ logRecords: parts }] }],
          resourceMetrics: [
            { scopeMetrics: [{ metrics: parts.map((sum) => ({ name: "m", sum, ...sum })) }] },
          ],
        }),
      );
    fc.assert(
      fc.property(signal, fc.oneof(deep, near, fc.string()), (kind, text) => {
        try {
          take(kind, text);
        } catch (error) {
          expect(error).toMatchObject({ code: "bad-request" });
        }
      }),
    );
  });
});
