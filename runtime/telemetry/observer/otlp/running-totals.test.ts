import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../histogram.ts";
import { RunningTotals, type Total } from "./running-totals.ts";

const counter = (value: number): Total => ({ scale: 0, values: new Map([["value", value]]) });
const since = 1000;

test("a series is counted from its beginning when that is known, and goes on when its sender began anew", () => {
  const totals = new RunningTotals(since);
  const of = (key: string, value: number, beganMs: number | undefined) =>
    totals.change(key, counter(value), beganMs).get("value") ?? 0;
  expect([5, 7, 7, 3].map((value) => of("young", value, since))).toEqual([5, 2, 0, 3]);
  expect([5, 7].map((value) => of("old", value, since - 1))).toEqual([0, 2]);
  expect([5, 7].map((value) => of("of unknown age", value, undefined))).toEqual([0, 2]);
});

test("a histogram whose buckets spread and grow coarser on the way loses no value", () => {
  const batches = fc.array(fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { maxLength: 30 }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(batches, (given) => {
      const totals = new RunningTotals(since);
      const sent = new Histogram();
      const received = new Map<number, number>();
      let received0 = 20;
      for (const batch of given) {
        for (const value of batch) sent.add(single(value));
        const { scale } = sent;
        // As the receiver adds them up, at the coarser scale.
        const shift = received0 - scale;
        received0 = scale;
        const coarse = [...received].map(([index, count]) => [index >> shift, count] as const);
        received.clear();
        for (const [index, count] of coarse) received.set(index, (received.get(index) ?? 0) + count);
        const change = totals.change("h", { scale, values: new Map(sent.buckets) }, since);
        for (const [index, count] of change as ReadonlyMap<number, number>) {
          received.set(index, (received.get(index) ?? 0) + count);
        }
      }
      const filled = [...received].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
      expect(filled).toEqual([...sent.buckets].sort(([a], [b]) => a - b));
    }),
  );
});

test("what is remembered is bounded, and then a beginning is not believed", () => {
  const totals = new RunningTotals(since, 100);
  for (let n = 0; n < 150; n++) totals.change(`s${n}`, counter(1), since);
  // Forgotten, and perhaps counted before.
  expect(totals.change("s0", counter(9), since).size).toBe(0);
  expect(totals.change("s149", counter(9), since).get("value")).toBe(8);
});

function single(value: number) {
  const scale = 6;
  const index = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
  return { scale, count: 1, sum: value, min: value, max: value, zeros: 0, buckets: [[index, 1]] as const };
}
