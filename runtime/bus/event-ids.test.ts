import { expect, test } from "bun:test";
import { EventIds } from "./event-ids.ts";

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("UUIDs of version 7 that carry their time, rise, and are all different", () => {
  const ids = new EventIds();
  const all: string[] = [];
  const time = Date.UTC(2026, 0, 1);
  for (let ms = 0; ms < 5; ms++) for (let i = 0; i < 1000 * ms + 1; i++) all.push(ids.next(time + ms));
  for (const id of all) expect(id).toMatch(version7);
  expect(new Set(all).size).toBe(all.length);
  expect(all.toSorted()).toEqual(all);
  expect(Number.parseInt(all[0]!.replace("-", "").slice(0, 12), 16)).toBe(time);
  expect(Number.parseInt(all.at(-1)!.replace("-", "").slice(0, 12), 16)).toBe(time + 4);
});

test("two publishers in the same millisecond do not meet", () => {
  const [a, b] = [new EventIds(), new EventIds()];
  const all = Array.from({ length: 10_000 }, () => [a.next(7), b.next(7)]).flat();
  expect(new Set(all).size).toBe(all.length);
});
