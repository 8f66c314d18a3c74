import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LogRecord, SpanRecord } from "../../../runtime/telemetry/model.ts";
import { compareTraces } from "./compare.ts";
import { criticalPath } from "./critical-path.ts";
import { rowsOf } from "./rows.ts";
import { readTraceFile, writeTraceFile } from "./trace-file.ts";
import { treeOf } from "./tree.ts";

function span(
  spanId: string,
  parent: string,
  startMs: number,
  durationMs: number,
  more: object = {},
): SpanRecord {
  return {
    traceId: "t",
    spanId,
    ...(parent !== "" && { parentSpanId: parent }),
    name: spanId,
    kind: "internal",
    service: "orders",
    instance: "orders-1",
    generation: 1,
    startMs,
    durationMs,
    status: "unset",
    attributes: {},
    ...more,
  };
}

const log = (at: number, spanId?: string): LogRecord => ({
  at,
  level: "info",
  message: `at ${at}`,
  service: "orders",
  instance: "orders-1",
  ...(spanId !== undefined && { spanId }),
});

describe("tree", () => {
  test("parents before children, siblings by start, whatever order they come in", () => {
    const tree = treeOf([
      span("c", "b", 3, 1),
      span("d", "a", 2, 1),
      span("a", "", 0, 10),
      span("b", "a", 1, 5),
    ]);
    expect(tree.nodes.map((node) => `${node.span.spanId}${node.depth}`)).toEqual(["a0", "b1", "c2", "d1"]);
    expect([tree.startMs, tree.endMs]).toEqual([0, 10]);
  });

  test("holds every span exactly once, also rings, twins and spans without a parent", () => {
    const spans = fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: 12 }),
        parent: fc.integer({ min: -1, max: 14 }),
        start: fc.integer({ min: 0, max: 50 }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(spans, (given) => {
        const tree = treeOf(
          given.map(({ id, parent, start }) => span(`s${id}`, parent < 0 ? "" : `s${parent}`, start, 5)),
        );
        const ids = tree.nodes.map((node) => node.span.spanId);
        expect([...ids].sort()).toEqual([...new Set(given.map(({ id }) => `s${id}`))].sort());
        for (const [at, node] of tree.nodes.entries()) {
          expect(node.parent).toBeLessThan(at);
          for (const child of node.children) expect(tree.nodes[child]!.parent).toBe(at);
        }
        criticalPath(tree);
      }),
    );
  });

  test("a chain of 20,000 calls is no recursion", () => {
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      span(`s${i}`, i === 0 ? "" : `s${i - 1}`, i, 40_000 - 2 * i),
    );
    const tree = treeOf(chain);
    expect(tree.nodes).toHaveLength(20_000);
    expect(rowsOf(tree, [], { folded: new Set(), details: true })).toHaveLength(20_000);
    expect(criticalPath(tree).length).toBeGreaterThan(1);
    expect(compareTraces(chain, chain)).toHaveLength(20_000);
  });
});

describe("critical path", () => {
  const stretches = (spans: SpanRecord[]) => {
    const tree = treeOf(spans);
    return criticalPath(tree).map(
      ({ node, fromMs, toMs }) => `${tree.nodes[node]!.span.spanId} ${fromMs}-${toMs}`,
    );
  };

  test("goes through the child that ended last, and what no child covers is the span's own", () => {
    expect(stretches([span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 20, 60)])).toEqual([
      "a 0-10",
      "b 10-20",
      "c 20-80",
      "a 80-100",
    ]);
  });

  test("what goes on after its parent has ended keeps nobody waiting", () => {
    expect(stretches([span("a", "", 0, 50), span("b", "a", 40, 500), span("c", "a", 60, 10)])).toEqual([
      "a 0-40",
      "b 40-50",
    ]);
  });

  test("adds up to the whole duration of the trace, without overlap", () => {
    const children = fc.array(
      fc.record({
        parent: fc.nat(20),
        start: fc.integer({ min: -20, max: 120 }),
        duration: fc.integer({ min: 0, max: 150 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(children, (given) => {
        const spans = [span("s0", "", 0, 100)];
        for (const { parent, start, duration } of given) {
          spans.push(span(`s${spans.length}`, `s${parent % spans.length}`, start, duration));
        }
        const path = criticalPath(treeOf(spans));
        let cursor = 0;
        for (const { fromMs, toMs } of path) {
          expect(fromMs).toBe(cursor);
          cursor = toMs;
        }
        expect(cursor).toBe(100);
      }),
    );
  });
});

describe("rows", () => {
  const events = [{ name: "retry", at: 4, attributes: {} }];
  const tree = treeOf([span("a", "", 0, 10, { events }), span("b", "a", 3, 2), span("c", "a", 6, 2)]);
  const shown = (options: { folded: Set<number>; details: boolean }) =>
    rowsOf(tree, [log(5, "a"), log(3.5, "b"), log(1), log(2, "elsewhere")], options).map((row) =>
      row.kind === "span" ? tree.nodes[row.node]!.span.spanId : `${row.kind} ${row.atMs}`,
    );

  test("events and logs stand where they happened", () => {
    const all = ["log 1", "log 2", "a", "b", "log 3.5", "event 4", "log 5", "c"];
    expect(shown({ folded: new Set(), details: true })).toEqual(all);
    expect(shown({ folded: new Set(), details: false })).toEqual(["a", "b", "c"]);
  });

  test("a folded span hides what is in it", () => {
    expect(shown({ folded: new Set([1]), details: true })).not.toContain("log 3.5");
    expect(shown({ folded: new Set([0]), details: false })).toEqual(["a"]);
  });
});

test("two traces are compared step by step, and what only one has keeps its place", () => {
  const left = [span("a", "", 0, 10), span("x", "a", 1, 2), span("b", "a", 4, 2), span("c", "b", 5, 1)];
  const renamed = (id: string, name: string, parent: string, start: number) =>
    span(id, parent, start, 3, { name });
  const right = [
    renamed("1", "a", "", 100),
    renamed("2", "b", "1", 101),
    renamed("3", "b", "1", 105),
    renamed("4", "c", "2", 102),
  ];
  const steps = compareTraces(left, right).map(
    ({ depth, name, left: l, right: r }) => `${depth} ${name} ${l?.spanId ?? "-"} ${r?.spanId ?? "-"}`,
  );
  expect(steps).toEqual(["0 a a 1", "1 x x -", "1 b b 2", "2 c c 4", "1 b - 3"]);
});

describe("a trace in a file", () => {
  const spans = [span("a", "", 0, 10, { attributes: { n: 1 }, status: "error" }), span("b", "a", 1, 2)];
  const trace = {
    summary: {
      traceId: "t",
      name: "a",
      rootService: "orders",
      startMs: 0,
      durationMs: 10,
      status: "error" as const,
      spans: 2,
      errors: 1,
      services: ["orders"],
    },
    spans,
    logs: [log(1, "a")],
    orphans: 0,
  };

  test("is the same when it is opened again", () => {
    expect(readTraceFile(writeTraceFile(trace, new Date(0)))).toEqual(trace);
  });

  test("any other file ends in a sentence, and never in a broken page", () => {
    for (const text of [
      "",
      "{",
      "[]",
      '{"format":"microcosm-trace","version":2}',
      '{"format":"microcosm-trace","version":1}',
    ]) {
      expect(() => readTraceFile(text)).toThrow(/\.$/);
    }
    const file = JSON.parse(writeTraceFile(trace, new Date(0)));
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), (more, odd) => {
        const text = JSON.stringify({
          ...file,
          trace: { ...trace, summary: odd, spans: [...spans, ...more], logs: odd },
        });
        expect(readTraceFile(text).spans).toEqual(spans);
      }),
    );
  });
});
