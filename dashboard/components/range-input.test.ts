import { expect, test } from "bun:test";
import { fieldTextOf, rangeOf } from "./range-input.ts";

const now = Date.parse("2026-03-10T12:00:00");

test("two fields make a range; what a field is given comes back from it", () => {
  const from = Date.parse("2026-03-09T08:30:05");
  const to = Date.parse("2026-03-09T09:00:00");
  expect(fieldTextOf(from)).toBe("2026-03-09T08:30:05");
  expect(rangeOf(fieldTextOf(from), fieldTextOf(to), now)).toEqual({ from, to });
  // A browser leaves seconds out that are zero.
  expect(rangeOf("2026-03-09T08:30", "2026-03-09T09:00", now)).toEqual({ from: from - 5000, to });
});

test("what is wrong is told with the field it is in", () => {
  const fault = (from: string, to: string) => rangeOf(from, to, now);
  expect(fault("", "2026-03-09T09:00")).toMatchObject({
    field: "from",
    problem: expect.stringMatching(/needs a date/),
  });
  expect(fault("2026-03-09T09:00", "soon")).toMatchObject({
    field: "to",
    problem: expect.stringMatching(/needs a date/),
  });
  expect(fault("2026-03-09T09:00", "2026-03-09T09:00")).toMatchObject({
    field: "to",
    problem: expect.stringMatching(/later than/),
  });
  expect(fault("2026-03-11T09:00", "2026-03-12T09:00")).toMatchObject({
    field: "from",
    problem: expect.stringMatching(/future/),
  });
});
