import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SpanRecord } from "../model.ts";
import { clocksDisagree, orderSpans } from "./order.ts";
import { span, spanId } from "./spans-fixture.ts";

describe("spans in order", () => {
  test("of any tree in any order: each once, parents before children, siblings by start", () => {
    const tree = fc.array(fc.tuple(fc.nat(), fc.nat(1000)), { minLength: 1, maxLength: 80 }).map((nodes) =>
      nodes.map(([parent, startMs], place) =>
        span({
          spanId: spanId(place + 1),
          ...(place === 0 ? {} : { parentSpanId: spanId((parent % place) + 1) }),
          startMs,
        }),
      ),
    );
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.nat()), (spans, keys) => {
        const shuffled = spans.map((one) => [keys.next().value ?? 0, one] as const).sort(([a], [b]) => a - b);
        const ordered = orderSpans(shuffled.map(([, one]) => one));
        expect(ordered.spans.map((one) => one.spanId).sort()).toEqual(spans.map((one) => one.spanId).sort());
        expect(ordered.orphans).toBe(0);
        const place = new Map(ordered.spans.map((one, at) => [one.spanId, at]));
        const lastStart = new Map<string, number>();
        for (const one of ordered.spans) {
          if (one.parentSpanId === undefined) continue;
          expect(place.get(one.parentSpanId)!).toBeLessThan(place.get(one.spanId)!);
          expect(one.startMs).toBeGreaterThanOrEqual(lastStart.get(one.parentSpanId) ?? 0);
          lastStart.set(one.parentSpanId, one.startMs);
        }
      }),
    );
  });

  test("a parent that never came makes orphans, the trace's own beginning not counted", () => {
    const outside = span({ spanId: spanId(1), parentSpanId: spanId(9), startMs: 1 });
    const lost = span({ spanId: spanId(2), parentSpanId: spanId(8), startMs: 5 });
    expect(orderSpans([lost, outside])).toMatchObject({ orphans: 1, spans: [outside, lost] });
  });

  test("parents in a ring end, and nothing is lost", () => {
    const a = span({ spanId: spanId(1), parentSpanId: spanId(2) });
    const b = span({ spanId: spanId(2), parentSpanId: spanId(1) });
    const root = span({ spanId: spanId(3) });
    const ordered = orderSpans([a, b, root]);
    expect(ordered.spans).toHaveLength(3);
    expect(ordered.orphans).toBe(2);
  });

  test("a chain of 10,000 calls does not overflow the stack", () => {
    const chain: SpanRecord[] = [span({ spanId: spanId(1) })];
    for (let n = 2; n <= 10_000; n++) chain.push(span({ spanId: spanId(n), parentSpanId: spanId(n - 1) }));
    expect(orderSpans(chain.reverse()).spans).toHaveLength(10_000);
  });

  test("a callee whose clock is behind is moved into its call, with what it did", () => {
    const call = span({ spanId: spanId(1), kind: "client", startMs: 1000, durationMs: 20 });
    const served = span({
      spanId: spanId(2),
      parentSpanId: spanId(1),
      instance: "far-1",
      startMs: 400,
      durationMs: 10,
    });
    const inside = span({
      spanId: spanId(3),
      parentSpanId: spanId(2),
      kind: "internal",
      instance: "far-1",
      startMs: 403,
      durationMs: 1,
    });
    const ordered = orderSpans([call, served, inside]);
    expect(ordered.spans.map(({ startMs }) => startMs)).toEqual([1000, 1005, 1008]);
    expect(ordered.spans[1]?.attributes["microcosm.clock_skew_ms"]).toBe(-605);
    expect(ordered.skewed).toBe(2);
  });

  test("work that begins before its cause is moved to it, whatever its kind", () => {
    const cause = span({ spanId: spanId(1), kind: "producer", startMs: 1000, durationMs: 1 });
    const work = { parentSpanId: spanId(1), instance: "far-1", durationMs: 50 };
    for (const kind of ["consumer", "internal", "server", "client"] as const) {
      const early = span({ ...work, spanId: spanId(2), kind, startMs: 400 });
      const ordered = orderSpans([cause, early]);
      expect(ordered.spans[1]).toMatchObject({
        startMs: 1000,
        attributes: { "microcosm.clock_skew_ms": -600 },
      });
      expect(clocksDisagree([early, cause])).toBe(true);
    }
    const own = span({ ...work, spanId: spanId(2), instance: "orders-1", startMs: 400 });
    expect(orderSpans([cause, own]).skewed).toBe(0);
    expect(clocksDisagree([cause, own])).toBe(false);
  });

  test("work that outlasts its cause is no skew", () => {
    const publish = span({ spanId: spanId(1), kind: "producer", startMs: 0, durationMs: 1 });
    const delivery = span({
      spanId: spanId(2),
      parentSpanId: spanId(1),
      kind: "consumer",
      instance: "b-1",
      startMs: 500,
    });
    expect(orderSpans([publish, delivery]).skewed).toBe(0);
  });
});
