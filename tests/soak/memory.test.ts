import { expect, test } from "bun:test";
import { formatGrowth, measureGrowth } from "./memory.ts";
import { slope } from "./slope.ts";

/**
 * The short form of tests/soak/run.ts. Within the first minute caches and windows of a bounded size still fill, some at
 * 50 MiB a minute; a leak of 1 KiB a request at this load (2,000 requests a second and more) is above 120.
 */
const boundMiBPerMinute = 80;

test("the slope of a line is its slope, outliers or not", () => {
  expect(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ]),
  ).toBe(2);
  expect(
    slope([
      [0, 0],
      [1, 1],
      [2, 90],
      [3, 3],
      [4, 4],
    ]),
  ).toBe(1);
});

test("under load the memory of no process grows without bound", async () => {
  const all = await measureGrowth(20_000, 25_000);
  process.stdout.write(`${formatGrowth(all)}\n`);
  expect(all.filter((growth) => growth.slope > boundMiBPerMinute)).toEqual([]);
}, 120_000);
