import { expect, test } from "bun:test";
import { Drain, maxDrainMs, quietMs } from "./drain.ts";

test("is over when all processes together have had what all are owed", () => {
  const drain = new Drain(2);
  expect(drain.isOver(0, { owed: 10, arrived: 14 }, 0)).toBe(false);
  expect(drain.isOver(1, { owed: 10, arrived: 5 }, 100)).toBe(false);
  expect(drain.isOver(1, { owed: 10, arrived: 6 }, 200)).toBe(true);
});

test("waits as long as something comes, and a named time after that", () => {
  const drain = new Drain(1);
  let now = 0;
  for (let arrived = 0; arrived < 9; arrived++) {
    now += quietMs - 1;
    expect(drain.isOver(0, { owed: 10, arrived }, now)).toBe(false);
  }
  expect(drain.isOver(0, { owed: 10, arrived: 8 }, now + quietMs - 1)).toBe(false);
  expect(drain.isOver(0, { owed: 10, arrived: 8 }, now + quietMs)).toBe(true);
});

test("has an end whatever comes", () => {
  const drain = new Drain(1);
  let arrived = 0;
  for (let now = 0; now < maxDrainMs; now += 1000) {
    expect(drain.isOver(0, { owed: 1e9, arrived: arrived++ }, now)).toBe(false);
  }
  expect(drain.isOver(0, { owed: 1e9, arrived }, maxDrainMs)).toBe(true);
});
