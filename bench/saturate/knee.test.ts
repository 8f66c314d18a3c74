import { expect, test } from "bun:test";
import { curveOf, kneeOf } from "./knee.ts";
import { parseScale } from "./replicas.ts";
import type { Trial } from "./trials.ts";

/** An M/M/1 queue that answers 100 a second: its mean response time is 1 / (100 − rate). */
function queue(rate: number): Trial {
  const meanMs = 1000 / (100 - rate);
  return {
    rate,
    perSecond: rate,
    meanMs,
    p50Ms: meanMs,
    p99Ms: meanMs,
    failedShare: 0,
    held: true,
    generatorLate: false,
  };
}

test("the knee of a simple queue is at half of what it can do", () => {
  const curve = curveOf([90, 10, 30, 50, 70, 95].map(queue));
  expect(curve.map(({ rate }) => rate)).toEqual([10, 30, 50, 70, 90, 95]);
  expect(kneeOf(curve)!.rate).toBe(50);
  expect(kneeOf(curve.slice(0, 2))).toBeUndefined();
});

test("trials of one rate are one point, and one without answers is none", () => {
  const slow = { ...queue(50), meanMs: 99, perSecond: 45 };
  const [point, ...others] = curveOf([queue(50), slow, queue(50), { ...queue(60), meanMs: Number.NaN }]);
  expect(point).toMatchObject({ rate: 50, perSecond: 50, meanMs: 20, trials: 3 });
  expect(others).toEqual([]);
});

test("replicas are a range or a list", () => {
  expect(parseScale("catalog=1..4")).toEqual({ service: "catalog", replicas: [1, 2, 3, 4] });
  expect(parseScale("a-b=4,1,2,2")).toEqual({ service: "a-b", replicas: [1, 2, 4] });
  for (const wrong of [
    "catalog",
    "catalog=",
    "catalog=0..2",
    "catalog=3..1",
    "=1..2",
    "catalog=1..99",
    "catalog=x",
  ]) {
    expect(() => parseScale(wrong)).toThrow("--scale takes SERVICE=1..4");
  }
});
