import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { VirtualClock } from "../../virtual-clock.ts";
import type { ListedTrace, TraceDetail } from "../query.ts";
import { Observer } from "./observer.ts";
import type { ObserverOptions } from "./options.ts";
import { queries } from "./queries.ts";
import { batch, span, spanId, traceId } from "./spans-fixture.ts";

let folder: string;
let clock: VirtualClock;
let observer: Observer;
let collected: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-observer-"));
  clock = new VirtualClock();
  collected = [];
  observer = opened();
});

afterEach(() => {
  observer.stop();
  rmSync(folder, { recursive: true, force: true });
});

function opened(options: Partial<ObserverOptions> = {}): Observer {
  const made = new Observer(
    { file: join(folder, "observer.sqlite"), clock, ...options },
    { collect: (ids) => collected.push(...ids) },
  );
  made.start();
  return made;
}

function restarted(options: Partial<ObserverOptions> = {}): void {
  observer.stop();
  observer = opened(options);
}

const ask = <T>(query: string, params: Record<string, string> = {}) => queries[query]!(observer, params) as T;
const traces = (params: Record<string, string> = {}) => ask<ListedTrace[]>("traces", params);
const trace = (id: string) => ask<TraceDetail>("trace", { traceId: id });

describe("a trace", () => {
  const root = span({ spanId: spanId(1), service: "gateway", instance: "gateway-1", durationMs: 30 });
  const child = span({ spanId: spanId(2), parentSpanId: spanId(1), attributes: { "user.id": "u 1" } });

  test("is there when it is whole, whatever worker told which part first", () => {
    observer.intake.batch(batch(1, { spans: [child] }), clock.now());
    clock.advance(1000);
    observer.intake.batch(batch(1, { instance: "gateway-1", spans: [root] }), clock.now());
    clock.advance(1000);
    expect(traces()).toEqual([]);
    expect(trace(traceId(1)).spans).toHaveLength(2);
    clock.advance(2000);
    expect(traces()).toMatchObject([
      { name: root.name, rootService: "gateway", durationMs: 30, spans: 2, services: ["gateway", "orders"] },
    ]);
    expect(trace(traceId(1)).spans.map((one) => one.spanId)).toEqual([spanId(1), spanId(2)]);
  });

  test("takes what comes late, and each span once", () => {
    observer.intake.spans([root]);
    clock.advance(5000);
    expect(traces()).toMatchObject([{ spans: 1 }]);
    observer.intake.spans([child, root, child]);
    clock.advance(10_000);
    expect(traces()).toMatchObject([{ spans: 2 }]);
    expect(traces({ attribute: "user.id=u 1" })).toHaveLength(1);
    expect(observer.stats()).toMatchObject({ spansStored: 2, tracesStored: 1 });
    expect(observer.tally.of("duplicate")).toBe(2);
    expect(observer.tally.of("late")).toBe(1);
  });

  test("whose root never comes is there too, after a while", () => {
    observer.intake.spans([child]);
    clock.advance(5000);
    expect(traces()).toEqual([]);
    clock.advance(2000);
    expect(traces()).toMatchObject([{ name: child.name, spans: 1 }]);
  });

  test("is found by service, route, status, duration, attribute and time, newest first", () => {
    for (let n = 1; n <= 20; n++) {
      const failed = n % 5 === 0;
      observer.intake.spans([
        span({
          traceId: traceId(n),
          startMs: clock.now() + n,
          durationMs: n,
          service: n % 2 === 0 ? "even" : "odd",
          status: failed ? "error" : "ok",
          attributes: { "http.route": `/r/${n % 3}`, n, "http.response.status_code": failed ? 500 : 200 },
        }),
      ]);
    }
    clock.advance(5000);
    const found = (params: Record<string, string>) => traces(params).map(({ durationMs }) => durationMs);
    expect(found({ limit: "3" })).toEqual([20, 19, 18]);
    expect(found({ service: "even", minMs: "16" })).toEqual([20, 18, 16]);
    expect(found({ status: "error" })).toEqual([20, 15, 10, 5]);
    expect(found({ route: "/r/1", maxMs: "7" })).toEqual([7, 4, 1]);
    expect(found({ attribute: "n=13" })).toEqual([13]);
    expect(found({ from: String(clock.now() - 5000 + 19) })).toEqual([20, 19]);
    expect(found({ service: "nobody" })).toEqual([]);
    expect(traces({ status: "error", limit: "1" })).toMatchObject([{ httpStatus: 500, errors: 1 }]);
  });

  test("is on one page of its list, also when a long one is written late", () => {
    for (let n = 1; n <= 9; n++) {
      observer.intake.spans([span({ traceId: traceId(n), startMs: clock.now() })]);
      clock.advance(1000);
    }
    clock.advance(5000);
    observer.intake.spans([
      span({ traceId: traceId(99), startMs: clock.now() - 60_000, durationMs: 60_000 }),
    ]);
    clock.advance(5000);
    for (const search of [{}, { status: "ok" }]) {
      const pages: number[][] = [];
      for (let before = 1e9; ; ) {
        const page = traces({ ...search, limit: "4", before: String(before) });
        if (page.length === 0) break;
        pages.push(page.map((one) => Number.parseInt(one.traceId, 16)));
        before = Math.min(...page.map(({ id }) => id));
      }
      expect(pages).toEqual([
        [9, 8, 7, 99],
        [6, 5, 4, 3],
        [2, 1],
      ]);
    }
  });

  test("written while a parent is missing is counted as orphan, its own beginning excepted", () => {
    const lost = (n: number) => span({ spanId: spanId(n), parentSpanId: spanId(900 + n) });
    observer.intake.spans([root, child, { ...child, traceId: traceId(2) }]);
    clock.advance(7000);
    expect(observer.tally.of("orphan")).toBe(0);
    observer.intake.spans([root, lost(5), lost(6)].map((one) => ({ ...one, traceId: traceId(3) })));
    clock.advance(7000);
    expect(observer.tally.of("orphan")).toBe(1);
    expect(trace(traceId(3)).orphans).toBe(2);
    expect(trace(traceId(2)).orphans).toBe(0);
  });

  test("of too many spans is cut, and says so", () => {
    restarted({ maxTraceSpans: 100 });
    for (let n = 1; n <= 150; n++) observer.intake.spans([span({ spanId: spanId(n) })]);
    clock.advance(5000);
    observer.intake.spans([span({ spanId: spanId(999) })]);
    clock.advance(5000);
    expect(traces()).toMatchObject([{ spans: 100 }]);
    expect(observer.tally.of("overload")).toBe(51);
  });

  test("open ones are bounded: the oldest are written early", () => {
    restarted({ maxOpenSpans: 50 });
    for (let n = 1; n <= 500; n++) observer.intake.spans([span({ traceId: traceId(n) })]);
    clock.advance(300);
    expect(observer.openSpans).toBe(50);
    expect(observer.stats().tracesStored).toBe(450);
  });

  test("survives a restart of the observer", () => {
    observer.intake.spans([root, child]);
    observer.intake.batch(batch(1, { logs: [logLine("kept")] }), clock.now());
    restarted();
    expect(traces()).toMatchObject([{ spans: 2 }]);
    expect(trace(traceId(1)).spans).toHaveLength(2);
    expect(observer.stats()).toMatchObject({ spansStored: 2, logsStored: 1 });
  });
});

describe("the tail decision", () => {
  test("asks once for a trace with a failed or slow span, at a bounded rate", () => {
    restarted({ maxCollectsPerSecond: 10 });
    observer.intake.spans([span({ traceId: traceId(1) })]);
    observer.intake.spans([span({ traceId: traceId(2), status: "error" })]);
    observer.intake.spans([span({ traceId: traceId(2), spanId: spanId(7), status: "error" })]);
    observer.intake.spans([span({ traceId: traceId(3), durationMs: 500 })]);
    clock.advance(250);
    expect(collected).toEqual([traceId(2), traceId(3)]);
    for (let n = 10; n < 110; n++) observer.intake.spans([span({ traceId: traceId(n), status: "error" })]);
    clock.advance(250);
    expect(collected.length).toBeLessThanOrEqual(13);
    expect(observer.tally.of("uncollected")).toBeGreaterThanOrEqual(89);
    clock.advance(1000);
    observer.intake.spans([span({ traceId: traceId(200), status: "error" })]);
    clock.advance(250);
    expect(collected).toContain(traceId(200));
  });
});

test("a trace beyond the rate is counted once, however many of its spans failed", () => {
  restarted({ maxCollectsPerSecond: 1 });
  for (const trace of [1, 2, 3]) {
    for (let n = 1; n <= 5; n++) {
      observer.intake.spans([span({ traceId: traceId(trace), spanId: spanId(n), status: "error" })]);
    }
  }
  expect(observer.tally.of("uncollected")).toBe(2);
  clock.advance(2000);
  observer.intake.spans([span({ traceId: traceId(3), spanId: spanId(9), status: "error" })]);
  clock.advance(250);
  expect(collected).toEqual([traceId(1)]);
  expect(observer.tally.of("uncollected")).toBe(2);
});

describe("batches", () => {
  test("lost ones, repeated ones and what workers let go are counted", () => {
    const dropped = { spans: 3, logs: 2, metrics: 0, unsampled: 7 };
    observer.intake.batch(batch(5), clock.now());
    observer.intake.batch(batch(6, { dropped }), clock.now());
    observer.intake.batch(batch(9), clock.now());
    observer.intake.batch(batch(9, { spans: [span()] }), clock.now());
    // A restarted worker begins anew.
    observer.intake.batch(batch(1, { generation: 2 }), clock.now());
    expect(observer.tally.toJSON()).toEqual({ buffer: 3, lines: 2, unsampled: 7, lost: 2, duplicate: 1 });
    expect(observer.openSpans).toBe(0);
  });

  test("whatever they are, nothing breaks", () => {
    const field = fc.oneof(fc.anything(), fc.constant(batch(1)), fc.constant(span()));
    let sequence = 1;
    fc.assert(
      fc.property(
        fc.anything(),
        fc.array(field),
        fc.array(field),
        fc.array(field),
        (any, spans, logs, metrics) => {
          observer.intake.batch(any, clock.now());
          const whole = { ...batch(sequence++), spans, logs, metrics };
          observer.intake.batch(whole, clock.now());
          clock.advance(300);
          expect(observer.fault).toBeUndefined();
        },
      ),
    );
    expect(observer.tally.of("malformed")).toBeGreaterThan(10);
  });

  test("spans that are nearly right are refused or put right, and still answer", () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.bigInt(), fc.object());
    const near = fc.record({
      spanId: fc.oneof(fc.constant(spanId(3)), value),
      startMs: fc.oneof(fc.double({ min: 0, max: 1e13 }), value),
      durationMs: fc.oneof(fc.double({ min: 0, max: 1e9 }), value),
      name: fc.oneof(fc.string({ unit: "binary" }), value),
      attributes: fc.oneof(fc.dictionary(fc.string({ unit: "binary" }), value), value),
      events: fc.oneof(fc.array(fc.object()), value),
      links: fc.oneof(fc.array(fc.object()), value),
    });
    let id = 1;
    fc.assert(
      fc.property(near, (given) => {
        const own = traceId(id++);
        observer.intake.spans([{ ...span({ traceId: own }), ...given }]);
        clock.advance(7000);
        expect(observer.fault).toBeUndefined();
        for (const summary of traces({ limit: "1" })) JSON.stringify(trace(summary.traceId));
      }),
      { numRuns: 60 },
    );
  });
});

function logLine(message: string, fields?: Record<string, unknown>) {
  const base = { at: clock.now(), level: "info" as const, message, service: "orders", instance: "orders-1" };
  return fields === undefined ? base : { ...base, fields };
}

describe("logs", () => {
  const logs = (params: Record<string, string> = {}) =>
    ask<{ id: number; message: string }[]>("logs", params).map(({ message }) => message);

  test("are found by words, level, trace and page", () => {
    const { intake } = observer;
    intake.logs([logLine("order 17 placed by José", { total: "12.50 EUR" })], {
      service: "a",
      instance: "a-1",
    });
    intake.logs([{ ...logLine("payment declined"), level: "warn", traceId: traceId(4) }], {
      service: "a",
      instance: "a-1",
    });
    clock.advance(300);
    expect(logs()).toEqual(["payment declined", "order 17 placed by José"]);
    expect(logs({ text: "placed order" })).toEqual(["order 17 placed by José"]);
    expect(logs({ text: '"order placed"' })).toEqual([]);
    expect(logs({ text: "jose eur" })).toEqual(["order 17 placed by José"]);
    expect(logs({ text: "pay" })).toEqual(["payment declined"]);
    expect(logs({ level: "warn" })).toEqual(["payment declined"]);
    expect(logs({ text: "pay", level: "warn", service: "orders" })).toEqual(["payment declined"]);
    expect(logs({ text: "pay", level: "error" })).toEqual([]);
    expect(logs({ text: "order", level: "warn" })).toEqual([]);
    expect(logs({ text: "order", level: "debug" })).toEqual(["order 17 placed by José"]);
    expect(logs({ text: "pay", service: "payments" })).toEqual([]);
    // Marks are no words.
    expect(logs({ text: "l1" })).toEqual([]);
    expect(logs({ traceId: traceId(4) })).toEqual(["payment declined"]);
    expect(logs({ before: "2" })).toEqual(["order 17 placed by José"]);
    expect(logs({ after: "1" })).toEqual(["payment declined"]);
  });

  test("any text may be searched for", () => {
    observer.intake.logs([logLine("a AND b")], { service: "a", instance: "a-1" });
    clock.advance(300);
    const operators = fc.constantFrom(
      '"',
      "*",
      "NEAR(",
      "AND",
      "OR",
      "NOT",
      "^",
      ":",
      "-",
      "+",
      "{",
      "}",
      "\0",
    );
    const text = fc.array(fc.oneof(operators, fc.string({ unit: "binary" })), { maxLength: 6 });
    fc.assert(
      fc.property(text, (parts) => {
        expect(Array.isArray(logs({ text: parts.join(" ").slice(0, 1000) }))).toBe(true);
      }),
    );
  });

  test("a line of 10 MB is cut, broken text is mended, both are counted or shown", () => {
    const long = "x".repeat(10_000_000);
    observer.intake.logs([logLine(long, { long }), logLine("half \ud83d of a face", { bad: "\udc00" })], {
      service: "a",
      instance: "a-1",
    });
    clock.advance(300);
    const [mended, cut] = ask<{ message: string; fields: Record<string, unknown> }[]>("logs");
    expect(mended?.message).toBe("half \ufffd of a face");
    expect(mended?.fields).toEqual({ bad: "\ufffd" });
    expect(cut?.message.length).toBeLessThan(70_000);
    expect(cut?.message).toEndWith("(10000000 characters)");
    expect(JSON.stringify(cut?.fields).length).toBeLessThan(70_000);
    expect(observer.tally.of("truncated")).toBe(1);
  });

  test("a flood is bounded", () => {
    restarted({ maxWaitingLogs: 100 });
    const lines = Array.from({ length: 150 }, (_, place) => logLine(`line ${place}`));
    observer.intake.logs(lines, { service: "a", instance: "a-1" });
    clock.advance(300);
    expect(observer.stats().logsStored).toBe(100);
    expect(observer.tally.of("overload")).toBe(50);
  });
});

test("garbage is worth collecting once much was written, and at most once a minute", () => {
  let [told, sequence] = [0, 0];
  const own = new Observer({ file: ":memory:", clock }, { garbage: () => (told += 1) });
  own.start();
  const write = (lines: number) => {
    const line = { at: clock.now(), level: "info", message: "x", service: "a", instance: "a-1" } as const;
    const logs = Array.from({ length: lines }, () => line);
    own.intake.batch(batch(++sequence, { logs }), clock.now());
    clock.advance(1000);
  };
  clock.advance(60_000);
  for (let at = 0; at < 4; at++) write(10_000);
  expect(told).toBe(0);
  for (let at = 0; at < 20; at++) write(10_000);
  expect(told).toBe(1);
  for (let at = 0; at < 60; at++) write(1);
  expect(told).toBe(2);
  for (let at = 0; at < 120; at++) write(1);
  expect(told).toBe(2);
  own.stop();
});
