import { expect, test } from "bun:test";
import fc from "fast-check";
import { stallPercentileMs } from "./stall.ts";

test("the arithmetic of a stall is that of each request, one by one", () => {
  const run = fc.record({
    rate: fc.integer({ min: 50, max: 500 }),
    durationMs: fc.integer({ min: 5_000, max: 20_000 }),
    stallMs: fc.integer({ min: 200, max: 2_000 }),
  });
  fc.assert(
    fc.property(
      run,
      fc.double({ min: 50, max: 100, noNaN: true }),
      ({ rate, durationMs, stallMs }, percentile) => {
        const gap = 1000 / rate;
        const latencies: number[] = [];
        for (let due = 0; due < durationMs; due += gap) {
          const into = due - 2_000;
          latencies.push(into >= 0 && into < stallMs ? stallMs - into : 0);
        }
        latencies.sort((a, b) => a - b);
        const exact = latencies[Math.max(0, Math.ceil((percentile / 100) * latencies.length) - 1)]!;
        // Which request is the first of the stall, and how many there are, is known to one request.
        expect(
          Math.abs(stallPercentileMs({ rate, durationMs, stallMs }, percentile) - exact),
        ).toBeLessThanOrEqual(2 * gap);
      },
    ),
    { numRuns: 50 },
  );
});

test("of wrk2's example: 1.4 s in a run of 30 s is 4.7 % of the requests", () => {
  const run = { rate: 500, durationMs: 30_000, stallMs: 1400 };
  expect(stallPercentileMs(run, 95)).toBe(0);
  expect(stallPercentileMs(run, 99)).toBeCloseTo(1100);
  expect(stallPercentileMs(run, 99.9)).toBeCloseTo(1370);
  expect(stallPercentileMs(run, 100)).toBe(1400);
});
