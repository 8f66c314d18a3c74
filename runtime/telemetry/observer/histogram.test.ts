import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HistogramData } from "../model.ts";
import { Histogram, packedQuantile, packHistogram, visitPacked } from "./histogram.ts";

/** A histogram of `values` at `scale`, made the plain way. */
function recorded(values: readonly number[], scale: number): HistogramData {
  const buckets = new Map<number, number>();
  let zeros = 0;
  for (const value of values) {
    if (value === 0) zeros++;
    else {
      const index = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
      buckets.set(index, (buckets.get(index) ?? 0) + 1);
    }
  }
  return {
    scale,
    count: values.length,
    sum: values.reduce((a, b) => a + b, 0),
    min: values.length === 0 ? 0 : Math.min(...values),
    max: values.length === 0 ? 0 : Math.max(...values),
    zeros,
    buckets: [...buckets].sort((a, b) => a[0] - b[0]),
  };
}

const durations = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1e6, noNaN: true })), {
  maxLength: 60,
});
const scale = fc.integer({ min: -2, max: 6 });

describe("a sum of histograms", () => {
  test("of different scales is the histogram of all values, at the coarser scale", () => {
    fc.assert(
      fc.property(durations, durations, scale, scale, (a, b, scaleA, scaleB) => {
        const sum = new Histogram().add(recorded(a, scaleA)).add(recorded(b, scaleB)).toData();
        const coarser = Math.min(a.length > 0 ? scaleA : 99, b.length > 0 ? scaleB : 99);
        const whole = recorded([...a, ...b], coarser === 99 ? sum.scale : coarser);
        expect(sum.count).toBe(whole.count);
        expect(sum.zeros).toBe(whole.zeros);
        expect(sum.min).toBe(whole.min);
        expect(sum.max).toBe(whole.max);
        const total = sum.buckets.reduce((count, [, amount]) => count + amount, sum.zeros);
        expect(total).toBe(whole.count);
        // A logarithm on the edge of a bucket may round either way, so buckets are compared by their bounds' counts.
        for (const bound of [1, 16, 1024]) {
          const upTo = new Histogram().add(sum).countUpTo(bound);
          const truth = [...a, ...b].filter((value) => value <= bound).length;
          if (sum.scale >= 0) expect(Math.abs(upTo - truth)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("a quantile is within one bucket of the true one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (values, q) => {
          const found = new Histogram().add(recorded(values, 3)).quantile(q)!;
          const sorted = [...values].sort((a, b) => a - b);
          const truth = sorted[Math.max(0, Math.ceil(q * values.length - 1e-9) - 1)]!;
          expect(found / truth).toBeGreaterThan(2 ** (-1 / 8) * 0.999);
          expect(found / truth).toBeLessThan(2 ** (1 / 8) * 1.001);
        },
      ),
    );
    expect(new Histogram().quantile(0.5)).toBeUndefined();
  });

  test("stays small, whatever the range", () => {
    const values = Array.from({ length: 500 }, (_, place) => 1.5 ** (place / 4));
    const sum = new Histogram();
    for (const value of values) sum.add(recorded([value], 20));
    expect(sum.buckets.size).toBeLessThanOrEqual(160);
    expect(sum.count).toBe(500);
  });
});

describe("packed", () => {
  test("and unpacked is the same", () => {
    fc.assert(
      fc.property(durations, scale, (values, at) => {
        const data = recorded(values, at);
        const buckets: (readonly [index: number, count: number])[] = [];
        const zeros = visitPacked(packHistogram(data), (index, coarse, count) => {
          expect(coarse).toBe(at);
          buckets.push([index, count]);
        });
        expect({ buckets, zeros }).toEqual({ buckets: [...data.buckets], zeros: data.zeros });
        if (values.length === 0) return;
        const added = new Histogram().addPacked(packHistogram(data), data).toData();
        expect(added).toEqual(new Histogram().add(data).toData());
      }),
    );
  });

  test("has the quantiles of the histogram", () => {
    fc.assert(
      fc.property(durations, scale, fc.double({ min: 0, max: 1, noNaN: true }), (values, at, q) => {
        const data = recorded(values, at);
        expect(packedQuantile(packHistogram(data), data.max, q)).toBe(new Histogram().add(data).quantile(q));
      }),
    );
  });

  test("a second of one route is small", () => {
    const values = Array.from({ length: 1000 }, (_, place) => 1 + (place % 17));
    expect(packHistogram(recorded(values, 3)).length).toBeLessThan(80);
  });
});
