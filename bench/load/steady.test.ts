import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../runtime/clock.ts";
import { mser, SteadyState } from "./steady.ts";

function series(transient: number, steady: number, seed: number): number[] {
  const random = seededRandom(seed);
  const noise = () => random() + random() + random() - 1.5;
  return [
    ...Array.from({ length: transient }, (_, i) => 100 * Math.exp(-i / (transient / 4)) + 20 + noise()),
    ...Array.from({ length: steady }, () => 20 + noise()),
  ];
}

describe("MSER-5", () => {
  test("cuts a decaying start and little else", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { cut, sufficient } = mser(series(60, 200, seed));
      // After 45 of 60 steps the transient is down to 5 % of its height.
      expect(cut).toBeGreaterThanOrEqual(30);
      expect(cut).toBeLessThanOrEqual(130);
      expect(sufficient).toBe(true);
    }
  });

  test("cuts nothing from a constant", () => {
    expect(mser(new Array(50).fill(3))).toEqual({ cut: 0, sufficient: true });
  });

  test("does not believe a cut beyond the middle, nor a handful of observations", () => {
    expect(mser(series(60, 20, 1)).sufficient).toBe(false);
    expect(mser(new Array(35).fill(1)).sufficient).toBe(false);
    expect(mser([]).sufficient).toBe(false);
  });

  test("is the least of all widths computed the long way", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 5, maxLength: 40 }), (values) => {
        const width = (d: number) => {
          const rest = values.slice(d);
          const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
          return rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length ** 2;
        };
        const { cut } = mser(values, 1);
        for (let d = 0; d <= values.length / 2; d++) expect(width(cut)).toBeLessThanOrEqual(width(d) + 1e-6);
      }),
    );
  });
});

test("a state is settled when throughput and latency are, and something was answered", () => {
  const silent = new SteadyState();
  const settled = new SteadyState();
  const settling = new SteadyState();
  for (let i = 0; i < 40; i++) {
    silent.add(0, 0);
    settled.add(100 + (i % 3), 5);
    settling.add(100 + (i % 3), 1000 / (i + 1) + (i < 30 ? 500 - 16 * i : 0));
  }
  expect(silent.settled).toBe(false);
  expect(settled.settled).toBe(true);
  expect(settling.settled).toBe(false);
});
