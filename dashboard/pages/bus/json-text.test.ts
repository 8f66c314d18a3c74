import { expect, test } from "bun:test";
import { readJson } from "./json-text.ts";

test("any JSON value is taken, also null and plain numbers", () => {
  for (const value of [null, 0, "", [], { a: { b: 1 } }]) {
    expect(readJson(JSON.stringify(value))).toEqual({ ok: true, value });
  }
});

test("what is none is told in a sentence, and nothing at all differs from something broken", () => {
  const problemOf = (text: string) => {
    const read = readJson(text);
    return read.ok ? "" : read.problem;
  };
  expect(problemOf("  \n")).toBe("Write the event's data as JSON.");
  for (const text of ["{", '{"a": oops}', "[1,]", "'a'"])
    expect(problemOf(text)).toMatch(/^This is not JSON.*\.$/);
});
