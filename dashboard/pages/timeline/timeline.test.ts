import { describe, expect, test } from "bun:test";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { effectOf } from "./effect.ts";
import { lanesOf } from "./lanes.ts";

const changed = (at: number, instance: string, from: string, to: string): TimelineEntry => ({
  at,
  kind: "state",
  text: `${instance} ${from} → ${to}`,
  instance,
  detail: { from, to },
});

describe("lanes", () => {
  test("an instance is in one state after the other, from what its first change left", () => {
    const entries = [changed(100, "a-1", "ready", "backoff"), changed(140, "a-1", "backoff", "starting")];
    expect(lanesOf(entries, 0, 200)).toEqual([
      {
        instance: "a-1",
        spans: [
          { from: 0, to: 100, state: "ready" },
          { from: 100, to: 140, state: "backoff" },
          { from: 140, to: 200, state: "starting" },
        ],
      },
    ]);
  });

  test("one that came has nothing before, one that was removed nothing after", () => {
    const entries = [changed(50, "a-2", "", "starting"), changed(90, "a-2", "starting", "removed")];
    expect(lanesOf(entries, 0, 200)).toEqual([
      { instance: "a-2", spans: [{ from: 50, to: 90, state: "starting" }] },
    ]);
  });

  test("actions have no lane; instances stand in the order of their numbers", () => {
    const entries = [
      { at: 1, kind: "action" as const, text: "scale a to 10", service: "a" },
      changed(2, "a-10", "", "starting"),
      changed(3, "a-9", "", "starting"),
    ];
    expect(lanesOf(entries, 0, 10).map(({ instance }) => instance)).toEqual(["a-9", "a-10"]);
  });
});

describe("the effect of what was done", () => {
  const seen = {
    from: 0,
    stepMs: 5000,
    rate: [10, 10, 10, 10, 10, 10],
    errors: [0, 0, 0, 2, 1, 0],
    p99: [5, 6, 5, 90, null, 6],
  };

  test("is the worst of both sides", () => {
    expect(effectOf({ at: 15_500, kind: "action", text: "kill a-1" }, seen)).toEqual({
      errorsBefore: 0,
      errorsAfter: 2,
      p99Before: 6,
      p99After: 90,
    });
  });

  test("is not told where nobody asked, or one side is missing", () => {
    const quiet = { ...seen, rate: [0, 0, 0, 0, 0, 0] };
    expect(effectOf({ at: 15_500, kind: "action", text: "x" }, quiet)).toBeUndefined();
    expect(effectOf({ at: 100, kind: "action", text: "x" }, seen)).toBeUndefined();
    expect(effectOf({ at: 90_000, kind: "action", text: "x" }, seen)).toBeUndefined();
  });
});
