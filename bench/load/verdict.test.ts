import { expect, test } from "bun:test";
import { runOf } from "../report/fixture.ts";
import { findProblems } from "./verdict.ts";

function warningsOf(health: { readonly late: number; readonly waitedShare?: number }) {
  const run = runOf(2, () => [1, 2, 3, 4]);
  const measured = {
    ...run,
    generators: [{ ...run.generators[0]!, due: 100, ...health }],
    brokenTurns: 0,
    firstBroken: undefined,
    expectedDue: undefined,
    interrupted: false,
  };
  return findProblems(measured, []).map(({ message }) => message);
}

test("late sends are laid to the generator, or to the machine that had no core for it", () => {
  expect(warningsOf({ late: 1 })).toEqual([]);
  expect(warningsOf({ late: 2, waitedShare: 0.001 })[0]).toEndWith("lower the rate or raise --processes");
  expect(warningsOf({ late: 2 })[0]).toEndWith("lower the rate or raise --processes");
  expect(warningsOf({ late: 2, waitedShare: 0.19 })[0]).toContain(
    "a generator waited 19.0 % of the time for a core: the machine is full",
  );
});
