import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../clock.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";
import { noParent, parentInContext } from "./ended-span.ts";
import type { SpanShape } from "./span-shape.ts";
import { isSampled, spanIdOf, traceIdOf } from "./trace-context.ts";

const shape: SpanShape = {
  kind: "server",
  describe: (a, b, n, m) => ({ name: `${a} ${b}`, attributes: { n, m } }),
};

function recorder(options: Partial<RecorderOptions> = {}): Recorder {
  return new Recorder({
    owner: { service: "orders", instance: "orders-1", generation: 2 },
    sample: 1,
    slowMs: 500,
    random: seededRandom(7),
    now: () => 1000,
    ...options,
  });
}

function root(on: Recorder, durationMs = 5, failure = ""): string {
  const number = on.begin();
  const context = on.root(number);
  on.span(shape, context, number, noParent, 1000, durationMs, failure, "GET", "/", 200, 1);
  return context;
}

describe("spans", () => {
  test("a sampled span leaves with its name, attributes and place in the trace", () => {
    const on = recorder();
    const context = root(on);
    expect(on.batch(2000, false)).toEqual({
      service: "orders",
      instance: "orders-1",
      generation: 2,
      sequence: 1,
      at: 2000,
      spans: [
        {
          traceId: traceIdOf(context),
          spanId: spanIdOf(context),
          name: "GET /",
          kind: "server",
          service: "orders",
          instance: "orders-1",
          generation: 2,
          startMs: 1000,
          durationMs: 5,
          status: "unset",
          attributes: { n: 200, m: 1 },
        },
      ],
      logs: [],
      metrics: [],
      dropped: { spans: 0, logs: 0, metrics: 0, unsampled: 0 },
    });
    expect(on.batch(2001, false)).toBeUndefined();
  });

  test("a child's parent is a number of this worker, or in the context", () => {
    const on = recorder();
    const other = recorder({ random: seededRandom(8) });
    const theirs = other.root(other.begin());
    const number = on.begin();
    on.span(shape, theirs, number, parentInContext, 0, 1, "", "", "", 0, 0);
    on.span(shape, theirs, on.begin(), number, 0, 1, "", "", "", 0, 0);
    const [first, second] = on.batch(0, false)!.spans;
    expect(first?.parentSpanId).toBe(spanIdOf(theirs));
    expect(second?.parentSpanId).toBe(first?.spanId);
    expect(new Set([first?.traceId, second?.traceId])).toEqual(new Set([traceIdOf(theirs)]));
  });

  test("a linked shape links to its parent", () => {
    const on = recorder();
    const context = on.root(on.begin());
    on.span({ ...shape, linked: true }, context, on.begin(), parentInContext, 0, 1, "", "", "", 0, 0);
    const [span] = on.batch(0, false)!.spans;
    expect(span?.links).toEqual([{ traceId: traceIdOf(context), spanId: spanIdOf(context) }]);
  });

  test("a context from elsewhere that is none is dropped and counted", () => {
    const on = recorder();
    on.span(shape, `${"z".repeat(54)}1`, on.begin(), parentInContext, 0, 1, "", "", "", 0, 0);
    const batch = on.batch(0, false);
    expect(batch?.spans).toEqual([]);
    expect(batch?.dropped.spans).toBe(1);
  });
});

describe("sampling", () => {
  test("the rate is that of roots", () => {
    const on = recorder({ sample: 0.05, sampledPerSecond: 1_000_000 });
    let sampled = 0;
    for (let i = 0; i < 20_000; i++) if (isSampled(on.root(on.begin()))) sampled++;
    // 20 standard deviations around 1000.
    expect(sampled).toBeGreaterThan(380);
    expect(sampled).toBeLessThan(1620);
  });

  test("there is a bound a second, unless all are wanted", () => {
    let now = 0;
    const countOf = (sample: number) => {
      const on = recorder({ sample, sampledPerSecond: 50, now: () => now });
      let sampled = 0;
      for (let i = 0; i < 20_000; i++) {
        now = i / 10;
        if (isSampled(on.root(on.begin()))) sampled++;
      }
      return sampled;
    };
    // Two seconds.
    expect(countOf(0.5)).toBe(100);
    expect(countOf(1)).toBe(20_000);
  });

  test("unsampled: only what failed or was slow leaves, and the rest of its trace when asked for", () => {
    const on = recorder({ sample: 0 });
    const fine = root(on);
    const failed = root(on, 5, "500");
    on.span(shape, failed, on.begin(), parentInContext, 0, 1, "", "child", "", 0, 0);
    root(on, 500);
    const first = on.batch(0, false)!.spans;
    expect(first.map((span) => [span.status, span.durationMs, span.attributes["microcosm.sampled"]])).toEqual(
      [
        ["error", 5, "late"],
        ["unset", 500, "late"],
      ],
    );
    expect(first[0]?.attributes["error.type"]).toBe("500");
    on.collect([traceIdOf(failed)]);
    const second = on.batch(0, false)!.spans;
    expect(second.map((span) => span.name)).toEqual(["child "]);
    // What ends later belongs to it too, and nothing leaves twice.
    on.span(shape, failed, on.begin(), parentInContext, 0, 1, "", "late", "", 0, 0);
    on.span(shape, fine, on.begin(), parentInContext, 0, 1, "", "other", "", 0, 0);
    expect(on.batch(0, false)!.spans.map((span) => span.name)).toEqual(["late "]);
    on.collect([traceIdOf(failed)]);
    expect(on.batch(0, false)).toBeUndefined();
  });

  test("a span asked for late has its texts, as far as they were kept", () => {
    const on = recorder({ sample: 0 });
    const texts: SpanShape = { kind: "client", describe: (a, b) => ({ name: a, attributes: { b } }) };
    const context = on.root(on.begin());
    const put = (a: string, b: string) => on.span(texts, context, on.begin(), 0, 1, 2, "", a, b, 0, 0);
    put("GET", "/products/7?x=%C3%A4");
    put("", "");
    put("m".repeat(100), "p".repeat(1000));
    on.collect([traceIdOf(context)]);
    const spans = on.batch(0, false)!.spans;
    expect(spans.map((span) => [span.name, span.attributes.b])).toEqual([
      ["GET", "/products/7?x=%C3%A4"],
      ["", ""],
      ["m".repeat(40), "p".repeat(96)],
    ]);
    expect(spans[0]?.parentSpanId).toBe(spanIdOf(context));
  });

  test("spans that nobody took give way to later ones, and are counted", () => {
    const on = recorder({ maxSpans: 8 });
    for (let i = 0; i < 20; i++) root(on, i);
    const batch = on.batch(0, false)!;
    expect(batch.spans.map((span) => span.durationMs)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    expect(batch.dropped.spans).toBe(12);
  });

  test("overwritten spans of unsampled traces were never to be sent", () => {
    const on = recorder({ ringBytes: 4096, sample: 0 });
    for (let i = 0; i < 100; i++) root(on, i);
    expect(on.batch(0, false)).toBeUndefined();
  });

  test("the ring has the latest spans whole, from some point on", () => {
    const on = recorder({ ringBytes: 16_384, sample: 0 });
    const texts: SpanShape = {
      kind: "client",
      describe: (a, b, n, m) => ({ name: a, attributes: { b, n, m } }),
    };
    for (let round = 0; round < 50; round++) {
      const put: string[] = [];
      const traces: string[] = [];
      for (let i = 0; i < 100 + round; i++) {
        const own = on.begin();
        const context = on.root(own);
        traces.push(traceIdOf(context));
        // Two of one trace, as of a route and its statement; now and then with long texts.
        const [a, b] = i % 7 === 0 ? ["m".repeat(40), `${i}`.repeat(40)] : [`a${i}`, ""];
        on.span(texts, context, on.begin(), own, i + 0.5, 0.25, "", a, b, 2 ** 40 + i, i);
        const route = i % 3 === 0 ? { ...shape } : shape;
        on.span(route, context, own, noParent, i, 0.75, "", "GET", `/${i}`, 200, -1);
        put.push(`${a} ${JSON.stringify({ b: b.slice(0, 96), n: 2 ** 40 + i, m: i })} ${i + 0.5} 0.25`);
        put.push(`GET /${i} ${JSON.stringify({ n: 200, m: -1 })} ${i} 0.75`);
      }
      on.collect(traces);
      const found = on.batch(0, false)!.spans.map(({ name, attributes, startMs, durationMs }) => {
        const { "microcosm.sampled": _, ...own } = attributes;
        return `${name} ${JSON.stringify(own)} ${startMs} ${durationMs}`;
      });
      expect(found.length).toBeGreaterThan(50);
      expect(found).toEqual(put.slice(-found.length));
    }
  });
});

describe("batches", () => {
  test("are bounded in spans and in size", () => {
    const on = recorder();
    for (let i = 0; i < 1000; i++) root(on);
    const sizes: number[] = [];
    for (let batch = on.batch(0, false); batch !== undefined; batch = on.batch(0, false)) {
      sizes.push(batch.spans.length);
    }
    expect(sizes).toEqual([400, 400, 200]);
    const long: SpanShape = {
      kind: "client",
      describe: () => ({ name: "n", attributes: { text: "x".repeat(10_000) } }),
    };
    for (let i = 0; i < 100; i++) {
      const number = on.begin();
      on.span(long, on.root(number), number, noParent, 0, 1, "", "", "", 0, 0);
    }
    expect(on.batch(0, false)!.spans.length).toBeLessThan(30);
  });

  test("much that waits is told of", () => {
    const on = recorder({ sample: 0.999, random: () => 0, sampledPerSecond: 1e9 });
    let told = 0;
    on.onFull = () => told++;
    for (let i = 0; i < 399; i++) root(on);
    expect(told).toBe(0);
    root(on);
    expect(told).toBe(1);
  });

  test("where all traces are kept each span is told of at once", () => {
    const on = recorder();
    let told = 0;
    on.onFull = () => told++;
    root(on);
    expect(told).toBe(1);
  });

  test("before something leaves: all spans are told of where all are kept, else only many", () => {
    let told = 0;
    const all = recorder();
    all.onUrgent = () => told++;
    all.tellFirst();
    expect(told).toBe(0);
    root(all);
    all.tellFirst();
    expect(told).toBe(1);
    const some = recorder({ sample: 0 });
    some.onUrgent = () => told++;
    root(some, 5, "500");
    some.tellFirst();
    expect(told).toBe(1);
    for (let i = 0; i < 399; i++) root(some, 5, "500");
    some.tellFirst();
    expect(told).toBe(2);
  });

  test("one before its time has no metrics: they are told of when it is due", () => {
    const on = recorder();
    on.metrics.counter("c", "1").add();
    expect(on.early(0)).toBeUndefined();
    root(on);
    expect(on.early(0)).toMatchObject({ sequence: 1, spans: [{}], metrics: [] });
    expect(on.batch(0, false)).toMatchObject({ sequence: 2, spans: [], metrics: [{ name: "c" }] });
  });

  test("gauges alone make one only when asked", () => {
    const on = recorder();
    on.metrics.gauge("g", "1").set(1);
    expect(on.batch(0, false)).toBeUndefined();
    expect(on.batch(0, true)?.metrics).toHaveLength(1);
    on.metrics.counter("c", "1").add();
    expect(on.batch(0, false)?.metrics).toHaveLength(2);
  });

  test("tell what was cut, mended or skipped since the last one, also when there is nothing else", () => {
    const on = recorder();
    let stirred = 0;
    on.onStir = () => stirred++;
    on.count("updates");
    on.count("updates");
    on.count("mended");
    expect(stirred).toBe(3);
    expect(on.waits).toBe(true);
    expect(on.early(1)?.dropped).toMatchObject({ updates: 2, mended: 1 });
    expect(on.early(1)).toBeUndefined();
    on.log({ at: 1, level: "info", message: "begins …" }, true);
    expect(on.early(1)?.dropped).toEqual({ spans: 0, logs: 0, metrics: 0, unsampled: 0, cut: 1 });
  });

  test("logs carry whose they are", () => {
    const on = recorder();
    on.log({ at: 5, level: "warn", message: "careful", traceId: "a".repeat(32) });
    expect(on.batch(0, false)?.logs).toEqual([
      {
        at: 5,
        level: "warn",
        message: "careful",
        service: "orders",
        instance: "orders-1",
        traceId: "a".repeat(32),
      },
    ]);
  });
});

test("options out of range are named", () => {
  expect(() => recorder({ sample: 2 })).toThrow(/sample/);
  expect(() => recorder({ slowMs: -1 })).toThrow(/slowMs/);
  expect(() => recorder({ sampledPerSecond: 1 })).toThrow(/sampledPerSecond/);
  expect(() => recorder({ ringBytes: 1000 })).toThrow(/ringBytes/);
  expect(() => recorder({ maxSpans: 0 })).toThrow(/maxSpans/);
  expect(() => recorder({ maxSeries: 0 })).toThrow(/maxSeries/);
});
