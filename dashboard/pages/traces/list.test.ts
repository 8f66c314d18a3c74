import { describe, expect, test } from "bun:test";
import type { ListedTrace } from "../../../runtime/telemetry/query.ts";
import { firstWritten, withOlder } from "./older.ts";
import { frameOf, nearest, placeOf } from "./scatter-frame.ts";

const trace = (id: number, durationMs = 1): ListedTrace => ({
  id,
  traceId: String(id),
  name: "GET /",
  rootService: "gateway",
  startMs: id,
  durationMs,
  status: "ok",
  spans: 1,
  errors: 0,
  services: ["gateway"],
});

describe("older traces", () => {
  test("follow the newest, each once in its newer form, and end at the bound", () => {
    const newest = [trace(5, 50), trace(4)];
    const older = [trace(5, 1), trace(4), trace(3), trace(2)];
    const all = withOlder(newest, older, 3);
    expect(all.map(({ startMs }) => startMs)).toEqual([5, 4, 3]);
    expect(all[0]!.durationMs).toBe(50);
    expect(withOlder(newest, [], 3)).toBe(newest);
  });

  test("are those written before the first written, also when that is not the one that began first", () => {
    const long = { ...trace(9), startMs: 1 };
    expect(firstWritten([trace(8), trace(7), long])).toBe(7);
    expect(firstWritten([])).toBeUndefined();
  });
});

describe("the dots of traces", () => {
  const size = { width: 212, height: 92 };

  test("stand in time from left to right, and by the logarithm of their duration from below", () => {
    const traces = [trace(0, 1), trace(50, 10), trace(100, 100)];
    const frame = frameOf(traces, size);
    expect(traces.map((one) => placeOf(one, frame))).toEqual([
      { x: 6, y: 86 },
      { x: 106, y: 46 },
      { x: 206, y: 6 },
    ]);
    expect(nearest(traces, frame, { x: 100, y: 50 }, 14)).toBe(traces[1]!);
    expect(nearest(traces, frame, { x: 60, y: 50 }, 14)).toBeUndefined();
  });

  test("have a place also when all are alike, or take no time at all", () => {
    for (const traces of [[trace(7, 3)], [trace(7, 0), trace(7, 0)], []]) {
      const frame = frameOf(traces, size);
      for (const one of traces) {
        const { x, y } = placeOf(one, frame);
        expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
      }
      expect(frame.longestMs).toBeGreaterThan(0);
    }
  });
});
