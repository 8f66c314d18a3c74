import { expect, test } from "bun:test";
import { LatencyHistogram } from "./histogram.ts";
import { Levels, sumLevels } from "./levels.ts";

const step = { kind: "step", rates: [10, 20, 30], everyMs: 1000 } as const;
const plan = (durationMs: number) => ({ loop: { kind: "open", arrivals: step }, durationMs }) as const;

test("each rate has what was due at it, however late the answer came", () => {
  const levels = new Levels();
  levels.begin(5000, plan(3500));
  for (const dueMs of [5000, 5999.9, 6000, 8499]) levels.begun(dueMs);
  // Asked for in the first second, answered four seconds later.
  levels.replied(5999.9, 4000, true);
  levels.replied(6000, 2, false);
  levels.failed(8499, 100);
  levels.failed(8499, undefined);
  const counts = levels.counts();
  expect(counts.map(({ corrected: _, ...level }) => level)).toEqual([
    { rate: 10, fromMs: 0, untilMs: 1000, begun: 2, replied: 1, bad: 1, failed: 0 },
    { rate: 20, fromMs: 1000, untilMs: 2000, begun: 1, replied: 1, bad: 0, failed: 0 },
    { rate: 30, fromMs: 2000, untilMs: 3500, begun: 1, replied: 0, bad: 0, failed: 2 },
  ]);
  const maxima = counts.map(({ corrected }) => LatencyHistogram.decode(corrected).maxMs);
  expect(maxima[0]!).toBeWithin(3980, 4020);
  expect(sumLevels([counts, counts])[0]).toMatchObject({ rate: 10, begun: 4, replied: 2, bad: 2 });
});

test("rates that are never reached are left out, and a constant one is no level", () => {
  const levels = new Levels();
  levels.begin(0, plan(1500));
  expect(levels.counts().map(({ rate, untilMs }) => [rate, untilMs])).toEqual([
    [10, 1000],
    [20, 1500],
  ]);
  levels.begin(0, { loop: { kind: "open", arrivals: { kind: "constant", rate: 5 } }, durationMs: 1000 });
  expect(levels.counts()).toEqual([]);
  expect(sumLevels([])).toEqual([]);
});
