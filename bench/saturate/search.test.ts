import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../runtime/clock.ts";
import { findHighestRate } from "./search.ts";

const options = { startRate: 100, maxRate: 1e6, precision: 1.05, trials: 1, maxRates: 60 };

describe("the search for the highest rate", () => {
  test("brackets the edge, wherever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 2, max: 900_000, noNaN: true }), async (edge) => {
        const { highest, lowestFailed } = await findHighestRate(async (rate) => rate <= edge, options);
        expect(highest!).toBeLessThanOrEqual(edge);
        expect(lowestFailed!).toBeGreaterThan(edge);
        expect(lowestFailed! / highest!).toBeLessThanOrEqual(1.05);
      }),
    );
  });

  test("says when there is no edge", async () => {
    expect(await findHighestRate(async () => true, options)).toEqual({
      highest: 1e6,
      lowestFailed: undefined,
    });
    expect((await findHighestRate(async () => false, options)).highest).toBeUndefined();
  });

  test("is not misled by a trial gone wrong when it may ask again", async () => {
    const random = seededRandom(4);
    // One trial in ten says the wrong thing; of three, 2.8 % of the majorities are wrong.
    const holds = async (rate: number) => random() < 0.1 !== rate <= 5000;
    let near = 0;
    for (let i = 0; i < 100; i++) {
      const { highest } = await findHighestRate(holds, { ...options, trials: 3 });
      if (highest !== undefined && highest > 4500 && highest <= 5300) near++;
    }
    // About ten verdicts each: 75 of a hundred are right throughout, and of single trials only 35 would be.
    expect(near).toBeGreaterThan(60);
  });

  test("tries no more rates than it may", async () => {
    let tried = 0;
    await findHighestRate(async (rate) => ++tried > 0 && rate < 777, {
      ...options,
      precision: 1,
      maxRates: 12,
    });
    expect(tried).toBe(12);
  });
});
