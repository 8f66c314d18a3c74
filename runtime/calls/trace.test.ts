import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import { childTraceparent, isTraceparent, newTraceparent, parseTraceparent } from "./trace.ts";

const example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

test("reads the recommendation's example", () => {
  expect(parseTraceparent(example)).toEqual({ traceId, parentId: "00f067aa0ba902b7", sampled: true });
  expect(parseTraceparent(`${example.slice(0, -1)}0`)?.sampled).toBe(false);
});

test("a later version may be longer, this one may not", () => {
  expect(isTraceparent(`cc${example.slice(2)}-more`)).toBe(true);
  expect(isTraceparent(`cc${example.slice(2)}`)).toBe(true);
  expect(isTraceparent(`cc${example.slice(2)}more`)).toBe(false);
  expect(isTraceparent(`${example}-more`)).toBe(false);
});

test.each([
  "",
  "garbage",
  example.toUpperCase(),
  example.slice(0, -1),
  `ff${example.slice(2)}`,
  example.replace(traceId, "0".repeat(32)),
  example.replace("00f067aa0ba902b7", "0".repeat(16)),
  ` ${example}`,
  `${example}\n`,
  example.replace("4bf9", "4bg9"),
])("malformed: %p", (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
  const fresh = childTraceparent(text, seededRandom(1));
  expect(isTraceparent(fresh)).toBe(true);
  expect(fresh).not.toContain(traceId);
});

test("a child keeps the trace and its flags, and has a span of its own", () => {
  const unsampled = `${example.slice(0, -2)}00`;
  const child = parseTraceparent(childTraceparent(unsampled, seededRandom(2)));
  expect(child).toMatchObject({ traceId, sampled: false });
  expect(child?.parentId).not.toBe("00f067aa0ba902b7");
  expect(childTraceparent(`cc${example.slice(2)}-more`, seededRandom(2))).toStartWith(`00-${traceId}-`);
});

test("new ones are valid, sampled and differ, even from a generator that gives only zeros", () => {
  const random = seededRandom(3);
  const made = Array.from({ length: 1000 }, () => newTraceparent(random));
  expect(new Set(made).size).toBe(1000);
  expect(made.every((text) => parseTraceparent(text)?.sampled)).toBe(true);
  expect(isTraceparent(newTraceparent(() => 0))).toBe(true);
});
