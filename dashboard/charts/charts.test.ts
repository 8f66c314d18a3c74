import { describe, expect, test } from "bun:test";
import type { TimelineEntry } from "../../runtime/telemetry/query.ts";
import { rowsInUse } from "./rows-in-use.ts";
import { gridOf, stepFor } from "./series-grid.ts";
import { weightOf } from "./weight.ts";

describe("the grid of a chart", () => {
  test("has full steps and at most as many as a chart has room for", () => {
    for (const spanMs of [60_000, 300_000, 900_000, 3_600_000, 21_600_000, 172_800_000, 365 * 86_400_000]) {
      const { from, to, stepMs } = gridOf({ lastMs: spanMs }, 1_700_000_012_345);
      expect(stepMs).toBe(stepFor(spanMs));
      const unit = Math.min(stepMs, 60_000);
      expect([from % unit, to % unit, (to - from) % stepMs]).toEqual([0, 0, 0]);
      expect((to - from) / stepMs).toBeLessThanOrEqual(181);
    }
  });

  test("leaves the step out that is under way", () => {
    const now = 1_700_000_012_345;
    const { to, stepMs } = gridOf({ lastMs: 60_000 }, now);
    expect(to + stepMs).toBeGreaterThan(now - stepMs);
    expect(to).toBeLessThanOrEqual(now - stepMs + stepMs - 1);
  });

  test("of days ends with the last full minute, or a young run would have nothing to show", () => {
    const now = 1_700_000_012_345;
    const { to, stepMs } = gridOf({ lastMs: 172_800_000 }, now);
    expect(stepMs).toBeGreaterThan(60_000);
    expect(to).toBeGreaterThan(now - 120_000);
    expect(to).toBeLessThanOrEqual(now);
  });

  test("covers all of a fixed range", () => {
    const { from, to } = gridOf({ from: 1_234, to: 61_234 }, 0);
    expect(from).toBeLessThanOrEqual(1_234);
    expect(to).toBeGreaterThanOrEqual(61_234);
  });
});

test("a heat map shows the rows in use and one around them", () => {
  expect(
    rowsInUse(
      [
        [0, 0, 0, 2, 0, 0],
        [0, 0, 0, 0, 1, 0],
      ],
      6,
    ),
  ).toEqual({ first: 2, end: 6 });
  expect(rowsInUse([[0, 0]], 2)).toEqual({ first: 0, end: 0 });
});

test("actions and falls are marked, steps on the way are not", () => {
  const entry = (kind: TimelineEntry["kind"], text: string, to?: string): TimelineEntry => ({
    at: 0,
    kind,
    text,
    ...(to === undefined ? {} : { detail: { to } }),
  });
  expect(weightOf(entry("action", "kill orders-1"))).toBe("action");
  expect(weightOf(entry("state", "orders-1 ready → backoff", "backoff"))).toBe("fall");
  expect(weightOf(entry("state", "orders-1 ready → crash-loop"))).toBe("fall");
  expect(weightOf(entry("state", "orders-1 starting → ready", "ready"))).toBe("change");
});
