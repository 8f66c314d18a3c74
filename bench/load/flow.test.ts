import { expect, test } from "bun:test";
import type { Arrivals } from "./arrivals.ts";
import { arrivalTimes } from "./arrivals.ts";
import { Flow, secondHalf, sumFlows } from "./flow.ts";
import { LatencyHistogram } from "./histogram.ts";
import { makePlan } from "./plan.ts";
import { sumSteps } from "./recorder.ts";
import { rateReached, reachedShare } from "./result.ts";

const durationMs = 10_000;

const kept = (...of: Parameters<typeof runOf>) => rateReached(runOf(...of));

/** As if each request took what `latencyOf` says of its due time, both in milliseconds. */
function runOf(latencyOf: (dueMs: number) => number, arrivals: Arrivals, measuredMs = durationMs) {
  const flow = new Flow();
  flow.begin(0, durationMs);
  const latencies = new LatencyHistogram();
  let due = 0;
  for (const at of arrivalTimes(arrivals, () => 0.5)) {
    if (at >= measuredMs) break;
    due++;
    flow.due(at);
    const took = latencyOf(at);
    if (at + took < measuredMs) flow.over(at + took);
    latencies.recordMs(took);
  }
  const plan = makePlan({ url: "http://127.0.0.1:1/", loop: { kind: "open", arrivals }, durationMs });
  const total = { ...sumSteps("all", []), replied: due, uncorrected: latencies.encode() };
  return { plan, due, measuredMs, total, flow: flow.counts() };
}

const constant: Arrivals = { kind: "constant", rate: 200 };

test("a target keeps up however long it takes, when it takes no longer and longer", () => {
  expect(kept(() => 1, constant)).toBe(true);
  expect(kept(() => 4_000, constant)).toBe(true);
  expect(kept((at) => (at < 3_000 ? 2_000 : 10), constant)).toBe(true);
});

test.each([1.1, 2, 5, 100])("a target asked for %d times what it makes does not keep up", (times) => {
  expect(kept((at) => at * (times - 1) + 1, constant)).toBe(false);
});

test("how much of it is over tells by how much it was missed", () => {
  const shareAt = (times: number) => reachedShare(runOf((at) => at * (times - 1) + 1, constant));
  expect(shareAt(1)).toBeGreaterThan(0.99);
  expect(shareAt(1.25)).toBeCloseTo(0.8, 1);
  expect(shareAt(2)).toBeCloseTo(0.5, 1);
});

test("a rising rate has more under way at its end", () => {
  const ramp: Arrivals = { kind: "ramp", from: 0, to: 400, overMs: durationMs };
  expect(kept(() => 500, ramp)).toBe(true);
  expect(kept((at) => 500 + at * 0.2, ramp)).toBe(false);
});

test("a run that was stopped is judged by what it had", () => {
  expect(kept(() => 10, constant, 3_100)).toBe(true);
  expect(kept((at) => at, constant, 3_100)).toBe(false);
  expect(kept((at) => at, constant, 300)).toBe(true);
});

test("answers that come after the planned time do not count, of several processes either", () => {
  const flow = new Flow();
  flow.due(5);
  flow.begin(1_000, 200);
  for (let at = 1_000; at < 1_200; at++) flow.due(at);
  for (const at of [900, 1_000, 1_099, 1_100, 1_199, 1_200, 1_900]) {
    flow.over(at);
    flow.answered(at);
  }
  const counts = sumFlows([flow.counts(), flow.counts()]);
  expect(counts.answered.reduce((sum, count) => sum + count)).toBe(8);
  expect(secondHalf(counts, 200)).toEqual({ due: 200, over: 4, fromMs: 100 });
});
