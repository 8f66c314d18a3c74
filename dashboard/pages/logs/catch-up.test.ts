import { expect, test } from "bun:test";
import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { type AskLines, newerLines } from "./catch-up.ts";
import { pageLines } from "./log-query.ts";

const line = (id: number): StoredLog => ({
  id,
  at: id,
  level: "info",
  message: `line ${id}`,
  service: "orders",
  instance: "orders-1",
});

/** An observer with lines 1 to `newest`, which counts the questions. */
function observer(newest: number): { ask: AskLines; asked: () => number } {
  let asked = 0;
  const ask: AskLines = async ({ after, before = newest + 1 }) => {
    asked++;
    const count = Math.min(pageLines, Math.max(0, before - 1 - after));
    return Array.from({ length: count }, (_, place) => line(before - 1 - place));
  };
  return { ask, asked: () => asked };
}

test("takes all lines of a busy second, and asks once in a calm one", async () => {
  const busy = observer(3500);
  const { lines, left } = await newerLines(busy.ask, 10, 10_000);
  expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 3490 }, (_, place) => 3500 - place));
  expect([left, busy.asked()]).toEqual([false, 4]);
  const calm = observer(12);
  expect((await newerLines(calm.ask, 10, 10_000)).lines.map(({ id }) => id)).toEqual([12, 11]);
  expect(calm.asked()).toBe(1);
});

test("stops at its bound, and says that lines were left out", async () => {
  const { ask, asked } = observer(50_000);
  const { lines, left } = await newerLines(ask, 10, 10_000);
  expect([lines.length, lines[0]?.id, left, asked()]).toEqual([10_000, 50_000, true, 10]);
});
