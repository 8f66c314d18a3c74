import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import { StreamTable } from "./stream-table.ts";

test("does what a Map does, whatever comes and goes", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const table = new StreamTable<string>();
    const map = new Map<number, string>();
    // Ids of both ends, near each other and with the same low bits, so that probes run into each other.
    const near = 1 + Math.floor(random() * 0x7fff_0000);
    const pick = () => near + Math.floor(random() * 24) + 1024 * Math.floor(random() * 3);
    const most = 4 + Math.floor(random() * 60);
    for (let step = 0; step < 3000; step++) {
      const id = pick();
      if (map.size < most && random() < 0.55) {
        table.set(id, `${id} ${step}`);
        map.set(id, `${id} ${step}`);
      } else {
        table.delete(id);
        map.delete(id);
      }
      const asked = pick();
      expect([table.has(asked), table.get(asked), table.size]).toEqual([
        map.has(asked),
        map.get(asked),
        map.size,
      ]);
    }
    expect(table.values().sort()).toEqual([...map.values()].sort());
  }
});

test("the last id is one as well", () => {
  const table = new StreamTable<number>();
  const ids = [0x7fffffff, 0x7ffffffe, 1, 2];
  for (const id of ids) table.set(id, -id);
  expect(ids.map((id) => table.get(id))).toEqual(ids.map((id) => -id));
  // As a peer may name it, in its ignorance or on purpose.
  for (const none of [0, -1, 0xffffffff])
    expect([table.has(none), table.get(none)]).toEqual([false, undefined]);
  for (const id of ids) table.delete(id);
  expect([table.size, table.values()]).toEqual([0, []]);
});

test("keeps nothing alive that was taken out", async () => {
  const { edenGC, fullGC, heapStats } = await import("bun:jsc");
  class Passenger {
    readonly luggage = new Uint8Array(1);
  }
  const table = new StreamTable<Passenger>();
  const alive = () => heapStats().objectTypeCounts.Uint8Array ?? 0;
  fullGC();
  const before = alive();
  let id = 1;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 5000; i++, id += 2) {
      table.set(id, new Passenger());
      table.delete(id - 2 * 24);
    }
    await Bun.sleep(1);
    edenGC();
  }
  expect(table.size).toBe(24);
  // A Map of the same keeps nearly all of the 50,000.
  expect(alive() - before).toBeLessThan(5000);
});
