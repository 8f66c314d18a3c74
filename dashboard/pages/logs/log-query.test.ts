import { expect, test } from "bun:test";
import { emptyFilter, filterOf, logPath, parametersOf } from "./log-query.ts";

test("a filter survives the page's address; a level or trace that is none is no filter", () => {
  const filter = { ...emptyFilter, text: '"a b" & c', level: "warn" as const, trace: "ab".repeat(16) };
  expect(filterOf(new URLSearchParams(parametersOf(filter).toString()))).toEqual(filter);
  expect(filterOf(new URLSearchParams("level=loud&trace=xyz"))).toEqual(emptyFilter);
});

test("the observer is asked for the lines of a place", () => {
  const path = logPath({ ...emptyFilter, service: "orders", trace: "ab".repeat(16) }, { after: 7 });
  expect(path).toBe(`/api/telemetry/logs?service=orders&traceId=${"ab".repeat(16)}&after=7&limit=1000`);
});

test("a stretch of time goes with the words", () => {
  const path = logPath({ ...emptyFilter, text: "disk" }, { from: 5, to: 9, before: 3 });
  expect(path).toBe("/api/telemetry/logs?text=disk&from=5&to=9&before=3&limit=1000");
});
