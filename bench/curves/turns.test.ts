import { expect, test } from "bun:test";
import { lowestOfTurns } from "./turns.ts";

test("goes up and down the sizes and keeps the lowest of each figure", async () => {
  const seen: number[] = [];
  const points = await lowestOfTurns([1, 2], async (size) => {
    seen.push(size);
    return { costMs: size * 10 - seen.length, otherMs: size * 10 + seen.length };
  });
  expect(seen).toEqual([1, 2, 2, 1, 1, 2]);
  expect(points).toEqual([
    { x: 1, figures: { costMs: 5, otherMs: 11 } },
    { x: 2, figures: { costMs: 14, otherMs: 22 } },
  ]);
});
