import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HistogramData } from "../model.ts";
import { ExponentialHistogram } from "./histogram.ts";

function recorded(values: readonly number[]): HistogramData | undefined {
  const histogram = new ExponentialHistogram();
  for (const value of values) histogram.record(value);
  return histogram.take(0)?.histogram;
}

const inRange = fc.double({ min: 0.001, max: 4_000_000, noNaN: true });

describe("an exponential histogram", () => {
  test("puts each value into the bucket whose bounds are around it", () => {
    fc.assert(
      fc.property(inRange, (value) => {
        const { buckets, scale } = recorded([value])!;
        const base = 2 ** (2 ** -scale);
        const [[index, count]] = buckets as [[number, number]];
        expect(count).toBe(1);
        // Logarithms round: a value on a bound may be one unit in the last place beyond it.
        expect(value).toBeGreaterThan(base ** index * (1 - 1e-12));
        expect(value).toBeLessThanOrEqual(base ** (index + 1) * (1 + 1e-12));
      }),
    );
  });

  test("powers of two are upper bounds", () => {
    for (const value of [0.5, 1, 2, 1024]) {
      expect(recorded([value])?.buckets).toEqual([[Math.log2(value) * 8 - 1, 1]]);
    }
  });

  test("keeps count, sum, least and largest, and adds up like one histogram", () => {
    fc.assert(
      fc.property(fc.array(inRange, { minLength: 1 }), fc.array(inRange, { minLength: 1 }), (a, b) => {
        const whole = recorded([...a, ...b])!;
        const [first, second] = [recorded(a)!, recorded(b)!];
        expect(first.count + second.count).toBe(whole.count);
        expect(first.sum + second.sum).toBeCloseTo(whole.sum, 3);
        expect(Math.min(first.min, second.min)).toBe(whole.min);
        expect(Math.max(first.max, second.max)).toBe(whole.max);
        const merged = new Map<number, number>();
        for (const [index, count] of [...first.buckets, ...second.buckets]) {
          merged.set(index, (merged.get(index) ?? 0) + count);
        }
        expect([...merged].sort(([x], [y]) => x - y)).toEqual(whole.buckets.map(([i, c]) => [i, c]));
      }),
    );
  });

  test("what is not positive counts as zero, what is out of range as the outermost bucket", () => {
    const histogram = recorded([0, -5, Number.NaN, 1e-9, 1e12])!;
    expect(histogram.zeros).toBe(3);
    expect(histogram.min).toBe(0);
    expect(histogram.count).toBe(5);
    expect(histogram.buckets).toEqual([
      [-80, 1],
      [175, 1],
    ]);
  });

  test("begins anew once taken", () => {
    const histogram = new ExponentialHistogram();
    histogram.record(1);
    expect(histogram.take(0)?.histogram?.count).toBe(1);
    expect(histogram.take(0)).toBeUndefined();
  });

  test("the largest value of a sampled trace is the example", () => {
    const histogram = new ExponentialHistogram();
    const context = (digit: string, flags: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-${flags}`;
    histogram.recordWithin(5, context("a", "01"));
    histogram.recordWithin(3, context("b", "01"));
    histogram.recordWithin(9, context("c", "00"));
    expect(histogram.take(77)?.exemplar).toEqual({
      traceId: "a".repeat(32),
      spanId: "a".repeat(16),
      value: 5,
      at: 77,
    });
    histogram.record(1);
    expect(histogram.take(78)?.exemplar).toBeUndefined();
  });
});
