import { expect, test } from "bun:test";
import { seededRandom } from "../../runtime/clock.ts";
import { pairedRatio } from "./paired.ts";

test("a common disturbance does not widen the interval, and a true ratio is within it about as often as it says", () => {
  const random = seededRandom(3);
  const rounds = 200;
  let held = 0;
  for (let round = 0; round < rounds; round++) {
    const load = Array.from({ length: 15 }, () => 1 + 5 * random());
    const second = load.map((factor) => factor * (1 + 0.02 * (random() - 0.5)));
    const first = load.map((factor) => 1.05 * factor * (1 + 0.02 * (random() - 0.5)));
    const { low, high } = pairedRatio(first, second, random);
    expect(high - low).toBeLessThan(0.03);
    if (low <= 1.05 && 1.05 <= high) held++;
  }
  expect(held / rounds).toBeGreaterThan(0.88);
});

test("without pairs there is no ratio", () => {
  expect(() => pairedRatio([], [], Math.random)).toThrow("no pairs");
  expect(() => pairedRatio([1], [1, 2], Math.random)).toThrow("no pairs");
});
