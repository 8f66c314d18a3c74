import { describe, expect, test } from "bun:test";
import { type Random, seededRandom } from "../../runtime/clock.ts";
import { bootstrapDifference } from "./bootstrap.ts";

function meanOf(values: readonly number[]) {
  const statistic = (times: Uint32Array) => {
    let [sum, count] = [0, 0];
    for (const [i, value] of values.entries()) {
      sum += times[i]! * value;
      count += times[i]!;
    }
    return sum / count;
  };
  return { size: values.length, statistic };
}

function normals(count: number, mean: number, random: Random): number[] {
  return Array.from(
    { length: count },
    () => mean + Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

describe("a bootstrap interval of a difference", () => {
  test("holds the true difference about as often as it says", () => {
    const random = seededRandom(11);
    const rounds = 200;
    let held = 0;
    for (let round = 0; round < rounds; round++) {
      const { low, high } = bootstrapDifference(
        meanOf(normals(30, 5, random)),
        meanOf(normals(30, 5.5, random)),
        {
          random,
          resamples: 200,
        },
      );
      if (low <= 0.5 && 0.5 <= high) held++;
    }
    // 95 % of 200 is 190, with a standard error of 3; the percentile bootstrap is a little narrow at n = 30.
    expect(held).toBeGreaterThanOrEqual(175);
    expect(held).toBeLessThanOrEqual(199);
  });

  test("is about 2 · 1.96 standard errors wide, and around what was measured", () => {
    const random = seededRandom(3);
    const [a, b] = [normals(100, 1, random), normals(100, 1, random)];
    const { difference, low, high } = bootstrapDifference(meanOf(a), meanOf(b), { random, resamples: 4000 });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(difference).toBeCloseTo(mean(b) - mean(a), 10);
    expect((high - low) / (2 * 1.96 * Math.SQRT2 * 0.1)).toBeWithin(0.8, 1.2);
    expect(difference).toBeWithin(low, high);
  });

  test("of a constant is a point", () => {
    const random = seededRandom(1);
    const result = bootstrapDifference(meanOf([2, 2, 2]), meanOf([5, 5]), { random });
    expect(result).toEqual({ difference: 3, low: 3, high: 3 });
    expect(() => bootstrapDifference(meanOf([]), meanOf([1]), { random })).toThrow("empty");
  });
});
