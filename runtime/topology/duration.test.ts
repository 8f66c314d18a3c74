import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, parseDuration, suggestDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    ["0ms", 0],
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["1m", 60_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "5",
    "2 parsecs",
    "-1s",
    "1e3s",
    "1 s",
    "s",
    "1S",
    "99999999999999999d",
    "1s1s",
    "Infinitys",
  ])("refuses %p", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test("reads back what formatDuration writes", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 * 365 * 86_400_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

test("formatDuration uses the largest unit that is exact", () => {
  expect([0, 999, 1000, 90_000, 3_600_000, 604_800_000].map(formatDuration)).toEqual([
    "0ms",
    "999ms",
    "1s",
    "90s",
    "1h",
    "7d",
  ]);
});

test("suggestDuration guesses units and nothing else", () => {
  expect([500, "2 seconds", "10min", "1 Hour", "3s "].map(suggestDuration)).toEqual([
    "500ms",
    "2s",
    "10m",
    "1h",
    "3s",
  ]);
  expect(["2 parsecs", -1, 1.5, null, {}].map(suggestDuration)).toEqual(Array(5).fill(undefined));
});
