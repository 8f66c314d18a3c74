import { expect, test } from "bun:test";
import { seededRandom } from "../../runtime/clock.ts";
import { normalBelow, pairedDifference, pairedRatio, verdictOf } from "./interval.ts";

const random = seededRandom(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Rounds of a machine that is up to ten times slower now and then, which falls on both. */
function rounds(count: number, ratio: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const machine = 1 + 9 * random();
    return [100 * machine * Math.exp(0.1 * normal()), 100 * ratio * machine * Math.exp(0.1 * normal())];
  });
}

test("holds the true ratio about as often as it says, with few rounds too", () => {
  for (const count of [4, 5, 8]) {
    let held = 0;
    for (let i = 0; i < 200; i++) {
      const { low, high } = pairedRatio(rounds(count, 1.3), random);
      if (low <= 1.3 && 1.3 <= high) held++;
    }
    // 190 of 200 are due; with four rounds there are only 35 different draws, and the ends are the extremes.
    expect(held).toBeGreaterThanOrEqual(170);
  }
});

test("what the machine does to both falls out", () => {
  const { mean, low, high } = pairedRatio(rounds(12, 2), random);
  expect(mean).toBeWithin(1.7, 2.3);
  expect(high / low).toBeLessThan(1.5);
});

test("a verdict needs an interval on one side of 1", () => {
  const of = (low: number, high: number) => ({ mean: 1, low, high, pairs: 5 });
  expect(verdictOf(of(1.1, 1.4), "more")).toBe("better");
  expect(verdictOf(of(1.1, 1.4), "less")).toBe("worse");
  expect(verdictOf(of(0.7, 0.9), "less")).toBe("better");
  expect(verdictOf(of(0.9, 1.1), "less")).toBe("same");
  expect(verdictOf({ ...of(1.1, 1.4), pairs: 3 }, "more")).toBe("same");
  expect(verdictOf(of(-19, -17), "less", 0)).toBe("better");
  expect(verdictOf(of(Number.NaN, Number.NaN), "less")).toBe("same");
});

test("one pair has a ratio and no interval, none has neither", () => {
  expect(pairedRatio([[2, 3]], random)).toMatchObject({ mean: 1.5, low: Number.NaN, pairs: 1 });
  expect(pairedRatio([[0, 3]], random).mean).toBeNaN();
});

test("a difference is for what may be nothing", () => {
  const { mean, low, high } = pairedDifference(
    [18, 17, 19, 18, 20].map((failed) => [failed, 0] as const),
    random,
  );
  expect(mean).toBeCloseTo(-18.4);
  expect(low).toBeWithin(-20.1, -18.4);
  expect(high).toBeWithin(-18.4, -16.9);
});

test("the normal's distribution", () => {
  expect(normalBelow(0)).toBeCloseTo(0.5, 6);
  expect(normalBelow(-1.96)).toBeCloseTo(0.025, 5);
  expect(normalBelow(1.96)).toBeCloseTo(0.975, 5);
});
