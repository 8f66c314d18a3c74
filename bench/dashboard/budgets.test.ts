import { expect, test } from "bun:test";
import { budgets, missed } from "./budgets.ts";

const held = { firstPaint: 200, assets: 142, frames: 20, largeTrace: 400 };

test("what is at its budget holds it; each that is above gets a line with both figures", () => {
  expect(missed(held)).toEqual([]);
  expect(missed({ ...held, firstPaint: 200.1, frames: 33.4 })).toEqual([
    `missed: ${budgets.firstPaint.what}: 200.1 ms, budget ≤ 200 ms`,
    `missed: ${budgets.frames.what}: 33.4 ms, budget ≤ 20 ms`,
  ]);
});

test("what was not measured was not held", () => {
  expect(missed({ ...held, assets: Number.NaN })).toHaveLength(1);
});
