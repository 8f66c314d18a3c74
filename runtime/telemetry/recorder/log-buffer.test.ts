import { expect, test } from "bun:test";
import type { LogRecord } from "../model.ts";
import { LogBuffer } from "./log-buffer.ts";

function record(message: string, fields?: LogRecord["fields"]): LogRecord {
  const base = { at: 1, level: "info" as const, message, service: "s", instance: "s-1" };
  return fields === undefined ? base : { ...base, fields };
}

test("the oldest records give way and are counted", () => {
  const logs = new LogBuffer(3, 1_000_000);
  for (let i = 0; i < 5; i++) logs.add(record(String(i)));
  expect(logs.take(10, 1000).map((log) => log.message)).toEqual(["2", "3", "4"]);
  expect(logs.takeDropped()).toBe(2);
  expect(logs.takeDropped()).toBe(0);
  expect(logs.waiting).toBe(0);
});

test("bounded in length too, and a record of 10 MB is cut", () => {
  const logs = new LogBuffer(1000, 200_000);
  for (let i = 0; i < 10; i++) logs.add(record("x".repeat(10_000_000)));
  const taken = logs.take(10, 10_000_000);
  expect(taken.length).toBeLessThan(4);
  for (const log of taken) expect(log.message.length).toBeLessThan(66_000);
  expect(logs.takeDropped() + taken.length).toBe(10);
});

test("fields that are too long are left out, and said so", () => {
  const logs = new LogBuffer(10, 200_000);
  logs.add(record("hello", { big: "x".repeat(100_000) }));
  const [log] = logs.take(1, 1);
  expect(log?.message).toBe("hello");
  expect(log?.fields?.cut).toMatch(/100010 characters/);
});

test("a batch has at least one record and stays in its bounds", () => {
  const logs = new LogBuffer(10, 200_000);
  for (let i = 0; i < 4; i++) logs.add(record("y".repeat(1000)));
  expect(logs.take(10, 1)).toHaveLength(1);
  expect(logs.take(10, 2300)).toHaveLength(2);
  expect(logs.take(10, 2300)).toHaveLength(1);
});
