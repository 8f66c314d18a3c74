import { edenGC, fullGC, heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { seededRandom } from "./clock.ts";
import { TransientMap } from "./transient-map.ts";

test("does what a Map does, in its order", () => {
  const random = seededRandom(1);
  const transient = new TransientMap<number, number>();
  const map = new Map<number, number>();
  for (let step = 0; step < 20_000; step++) {
    const key = Math.floor(random() * 60);
    if (random() < 0.5) {
      transient.set(key, step);
      map.set(key, step);
    } else {
      expect(transient.delete(key)).toBe(map.delete(key));
    }
    expect([transient.size, transient.get(key), transient.has(key)]).toEqual([
      map.size,
      map.get(key),
      map.has(key),
    ]);
    if (step % 100 === 0) expect([...transient.values()]).toEqual([...map.values()]);
  }
  transient.clear();
  expect([transient.size, [...transient.values()]]).toEqual([0, []]);
});

test("what walks over it may take out what it sees", () => {
  const map = new TransientMap<number, number>();
  for (let i = 0; i < 1000; i++) map.set(i, i);
  const seen: number[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete(value);
  }
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(map.size).toBe(0);
});

test.each([0, 1, 24, 500])("keeps nothing alive that was taken out, with %d in it", async (inside) => {
  class Passenger {
    readonly luggage = new Uint8Array(1);
  }
  const map = new TransientMap<string, Passenger>();
  const alive = () => heapStats().objectTypeCounts.Uint8Array ?? 0;
  fullGC();
  const before = alive();
  let number = 0;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 5000; i++, number++) {
      map.set(`${number}`, new Passenger());
      map.delete(`${number - inside}`);
    }
    await Bun.sleep(1);
    edenGC();
  }
  expect(map.size).toBe(inside);
  // A Map of the same keeps nearly all of the 50,000. What is inside during a collection, and left since, each one keeps.
  expect(alive() - before).toBeLessThan(5000 + 10 * 2 * inside);
});
