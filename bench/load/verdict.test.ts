import { expect, test } from "bun:test";
import { runOf } from "../report/fixture.ts";
import { checkThresholds, findProblems, type Measured } from "./verdict.ts";

const run = runOf(2, () => [1, 2, 3, 4]);
const measuredRun: Measured = {
  ...run,
  brokenTurns: 0,
  firstBroken: undefined,
  expectedDue: undefined,
  interrupted: false,
};

function warningsOf(health: { readonly late: number; readonly waitedShare?: number }) {
  const generators = [{ ...run.generators[0]!, due: 100, ...health }];
  return findProblems({ ...measuredRun, generators }, []).map(({ message }) => message);
}

test("answers of a step that come after the end are no throughput", () => {
  const step = { ...run.total, name: "place order", replied: 400, inTime: 100 };
  const measured = { ...measuredRun, measuredMs: 2000, steps: [step] };
  const [outcome] = checkThresholds(measured, [{ metric: "perSecond", step: "place order", min: 60 }]);
  expect(outcome).toEqual({ text: "perSecond of place order ≥ 60", value: 50, held: false });
});

test("late sends are laid to the generator, or to the machine that had no core for it", () => {
  expect(warningsOf({ late: 1 })).toEqual([]);
  expect(warningsOf({ late: 2, waitedShare: 0.001 })[0]).toEndWith("lower the rate or raise --processes");
  expect(warningsOf({ late: 2 })[0]).toEndWith("lower the rate or raise --processes");
  expect(warningsOf({ late: 2, waitedShare: 0.19 })[0]).toContain(
    "a generator waited 19.0 % of the time for a core: the machine is full",
  );
});
