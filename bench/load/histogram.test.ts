import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LatencyHistogram } from "./histogram.ts";

const latencies = fc.array(fc.double({ min: 0, max: 3_600_000, noNaN: true }), {
  minLength: 1,
  maxLength: 400,
});
const percentile = fc.double({ min: 0, max: 100, noNaN: true });

function filled(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.recordMs(value);
  return histogram;
}

/** The value at the rank that HdrHistogram reads: the smallest with at least this share at or below it. */
function exact(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((at / 100) * sorted.length - 1e-9) - 1)]!;
}

describe("a latency histogram", () => {
  test("reads every percentile within 0.1 % or a microsecond of the sorted array", () => {
    fc.assert(
      fc.property(latencies, percentile, (values, at) => {
        const read = filled(values).percentileMs(at);
        // A rank that falls between two values may be read as either neighbour's.
        const low = exact(values, Math.max(0, at - 1e-6));
        const high = exact(values, Math.min(100, at + 1e-6));
        expect(read).toBeGreaterThanOrEqual(low * 0.999 - 0.001);
        expect(read).toBeLessThanOrEqual(high * 1.001 + 0.001);
      }),
    );
  });

  test("of two merged is the histogram of both", () => {
    fc.assert(
      fc.property(latencies, latencies, (left, right) => {
        const merged = filled(left);
        merged.merge(filled(right));
        expect(merged.buckets()).toEqual(filled([...left, ...right]).buckets());
        expect(merged.count).toBe(left.length + right.length);
      }),
    );
  });

  test("survives encoding", () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = filled(values);
        const decoded = LatencyHistogram.decode(histogram.encode());
        expect(decoded.buckets()).toEqual(histogram.buckets());
        expect(decoded.maxMs).toBe(histogram.maxMs);
        decoded.merge(histogram);
        expect(decoded.count).toBe(2 * values.length);
      }),
    );
  });

  test("its buckets hold every record", () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const total = filled(values)
          .buckets()
          .reduce((sum, [, count]) => sum + count, 0);
        expect(total).toBe(values.length);
      }),
    );
  });

  test("holds what is out of range at its ends", () => {
    const histogram = filled([-1, 1e12]);
    expect(histogram.percentileMs(0)).toBe(0);
    expect(histogram.maxMs).toBeGreaterThanOrEqual(3_599_000);
    expect(histogram.maxMs).toBeLessThan(3_610_000);
  });

  test("empty has no percentiles, and is empty again after reset", () => {
    expect(new LatencyHistogram().percentileMs(99)).toBeNaN();
    expect(new LatencyHistogram().buckets()).toEqual([]);
    const histogram = filled([1, 2, 3]);
    histogram.reset();
    expect(histogram.count).toBe(0);
    expect(histogram.buckets()).toEqual([]);
    expect(LatencyHistogram.decode(new LatencyHistogram().encode()).count).toBe(0);
  });

  test("refuses what it did not write", () => {
    expect(() => LatencyHistogram.decode("bm9uc2Vuc2U=")).toThrow();
  });
});
