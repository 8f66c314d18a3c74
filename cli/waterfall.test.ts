import { expect, test } from "bun:test";
import type { SpanRecord } from "../runtime/telemetry/model.ts";
import { waterfall } from "./waterfall.ts";

function span(
  spanId: string,
  parentSpanId: string | undefined,
  startMs: number,
  durationMs: number,
): SpanRecord {
  return {
    traceId: "t",
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: spanId,
    kind: "server",
    service: "orders",
    instance: "orders-1",
    generation: 1,
    startMs,
    durationMs,
    status: "ok",
    attributes: {},
  };
}

const summary = {
  traceId: "t",
  name: "a",
  rootService: "orders",
  startMs: 1000,
  durationMs: 100,
  status: "ok",
  spans: 2,
  errors: 0,
  services: ["orders"],
} as const;

test("children are indented, and bars lie where and as long as the spans were", () => {
  const spans = [span("a", undefined, 1000, 100), span("b", "a", 1050, 25)];
  const lines = waterfall({ summary, spans, logs: [], orphans: 0 }, 160);
  const [first = "", second = ""] = lines;
  expect(second).toStartWith("  orders-1 b");
  const bar = (line: string) => ({
    from: line.indexOf("█"),
    length: line.lastIndexOf("█") - line.indexOf("█") + 1,
  });
  expect(bar(second).from - bar(first).from).toBe(bar(first).length / 2);
  expect(bar(second).length).toBe(bar(first).length / 4);
});

test("logs stand below their span; a trace without spans is empty", () => {
  const log = {
    at: 1,
    level: "error",
    message: "no stock",
    service: "orders",
    instance: "orders-1",
    spanId: "a",
  } as const;
  const lines = waterfall({ summary, spans: [span("a", undefined, 0, 1)], logs: [log], orphans: 0 }, 80);
  expect(lines[1]).toContain("error: no stock");
  expect(waterfall({ summary, spans: [], logs: [], orphans: 0 }, 80)).toEqual([]);
});
