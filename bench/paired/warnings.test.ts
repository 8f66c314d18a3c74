import { expect, test } from "bun:test";
import { readEnvironment } from "../report/environment.ts";
import { warningsOf } from "./comparison.ts";

test("a reader is told of too few rounds, and of a machine that had other work", () => {
  const environment = { ...readEnvironment(), cores: 4 };
  expect(environment.busyBefore).toBeGreaterThanOrEqual(0);
  expect(warningsOf(9, { ...environment, busyBefore: 1 })).toEqual([]);
  expect(warningsOf(1, { ...environment, busyBefore: 1 })[0]).toContain("1 round is too few");
  expect(warningsOf(9, { ...environment, busyBefore: 1.26 })[0]).toContain("1.3 of 4 cores");
});

test("cores that are busy are seen", async () => {
  const worker = new Worker(`data:text/javascript,${encodeURIComponent("for (;;);")}`);
  try {
    await Bun.sleep(50);
    expect(readEnvironment().busyBefore).toBeGreaterThan(0.3);
  } finally {
    worker.terminate();
  }
});
