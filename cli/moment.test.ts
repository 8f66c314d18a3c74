import { expect, test } from "bun:test";
import { parseMoment, stretchOf } from "./moment.ts";

test("a moment is a duration ago or a time", () => {
  expect(parseMoment("10m", 1_000_000)).toBe(400_000);
  expect(parseMoment("2026-01-31T12:00:00Z")).toBe(Date.UTC(2026, 0, 31, 12));
  expect(parseMoment("lately")).toBeUndefined();
});

test("what is no moment, or ends before it begins, is told with its option", () => {
  expect(stretchOf({})).toEqual({});
  expect(() => stretchOf({ since: "lately" })).toThrow(/--since "lately" is no moment/);
  expect(() => stretchOf({ since: "1m", until: "2m" })).toThrow(/--until 2m is not after --since 1m/);
});
