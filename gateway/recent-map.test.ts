import { expect, test } from "bun:test";
import fc from "fast-check";
import { RecentMap } from "./recent-map.ts";

test("never holds more than its bound, and always what was set last", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300 });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), keys, (max, sequence) => {
      const map = new RecentMap<number, string>(max);
      for (const key of sequence) {
        const before = map.get(key);
        expect(before === undefined || before === `v${key}`).toBe(true);
        map.set(key, `v${key}`);
        expect(map.get(key)).toBe(`v${key}`);
        expect(map.size).toBeLessThanOrEqual(max);
      }
    }),
  );
});

test("keeps what is used and forgets what is not", () => {
  const map = new RecentMap<string, number>(10);
  map.set("used", 1);
  map.set("unused", 2);
  for (let i = 0; i < 50; i++) {
    map.set(`other-${i}`, i);
    expect(map.get("used")).toBe(1);
  }
  expect(map.get("unused")).toBeUndefined();
});

test("delete and clear reach both generations", () => {
  const map = new RecentMap<number, number>(4);
  for (let i = 0; i < 3; i++) map.set(i, i);
  map.delete(0);
  expect(map.get(0)).toBeUndefined();
  map.clear();
  expect([0, 1, 2].map((key) => map.get(key))).toEqual([undefined, undefined, undefined]);
  expect(() => new RecentMap(1)).toThrow("max");
});
