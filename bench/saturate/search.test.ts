import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findHighestRate } from "./search.ts";

const options = { startRate: 100, maxRate: 1e6, precision: 1.05, maxRates: 60 };
const judge = (holds: (rate: number) => boolean) => async (rate: number) => ({
  held: holds(rate),
  confidence: 1,
});

describe("the search for the highest rate", () => {
  test("brackets the edge, wherever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 2, max: 900_000, noNaN: true }), async (edge) => {
        const { highest, lowestFailed } = await findHighestRate(
          judge((rate) => rate <= edge),
          options,
        );
        expect(highest!).toBeLessThanOrEqual(edge);
        expect(lowestFailed!).toBeGreaterThan(edge);
        expect(lowestFailed! / highest!).toBeLessThanOrEqual(1.05);
      }),
    );
  });

  test("says when there is no edge", async () => {
    expect(
      await findHighestRate(
        judge(() => true),
        options,
      ),
    ).toEqual({ highest: 1e6, lowestFailed: undefined, highestConfidence: 1, failedConfidence: undefined });
    const none = await findHighestRate(
      judge(() => false),
      options,
    );
    expect(none.highest).toBeUndefined();
  });

  test("tells how sure both sides of the edge are", async () => {
    const near = async (rate: number) => ({ held: rate <= 777, confidence: rate <= 777 ? 0.9 : 0.8 });
    expect(await findHighestRate(near, options)).toMatchObject({
      highestConfidence: 0.9,
      failedConfidence: 0.8,
    });
  });

  test("tries no more rates than it may", async () => {
    let tried = 0;
    const counted = judge((rate) => ++tried > 0 && rate < 777);
    await findHighestRate(counted, { ...options, precision: 1, maxRates: 12 });
    expect(tried).toBe(12);
  });
});
