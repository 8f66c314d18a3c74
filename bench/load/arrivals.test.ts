import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../runtime/clock.ts";
import { type Arrivals, arrivalTimes, parseTrace, rateAt, shareOf } from "./arrivals.ts";

function until(arrivals: Arrivals, endMs: number, seed = 1): number[] {
  const times: number[] = [];
  for (const time of arrivalTimes(arrivals, seededRandom(seed))) {
    if (time >= endMs) break;
    times.push(time);
  }
  return times;
}

const countIn = (times: readonly number[], from: number, to: number) =>
  times.filter((time) => time >= from && time < to).length;

describe("arrivals", () => {
  test("constant are evenly spaced, without drift over an hour", () => {
    expect(until({ kind: "constant", rate: 4 }, 1000)).toEqual([0, 250, 500, 750]);
    const times = until({ kind: "constant", rate: 30 }, 3_600_000);
    expect(times.length).toBe(108_000);
    expect(times.at(-1)).toBeCloseTo(3_600_000 - 1000 / 30, 5);
  });

  test("ramp follows the integral of its rate, then stays", () => {
    const times = until({ kind: "ramp", from: 0, to: 100, overMs: 10_000 }, 12_000);
    // The integral of a line from 0 to 100 a second over 10 s is 500; after t ms it is (t/1000)² · 5.
    expect(countIn(times, 0, 5000)).toBe(125);
    expect(countIn(times, 0, 10_000)).toBe(500);
    expect(countIn(times, 10_000, 11_000)).toBe(100);
  });

  test("ramp down to nothing ends", () => {
    const times = [...arrivalTimes({ kind: "ramp", from: 100, to: 0, overMs: 2000 }, seededRandom(1))];
    expect(times.length).toBe(100);
    expect(times.at(-1)).toBeLessThan(2000);
  });

  test("step holds each rate in turn", () => {
    const times = until({ kind: "step", rates: [10, 50, 20], everyMs: 2000 }, 6000);
    expect([countIn(times, 0, 2000), countIn(times, 2000, 4000), countIn(times, 4000, 6000)]).toEqual([
      20, 100, 40,
    ]);
  });

  test("spike peaks once", () => {
    const times = until({ kind: "spike", rate: 10, peak: 1000, atMs: 1000, forMs: 500 }, 3000);
    expect(countIn(times, 0, 1000)).toBe(10);
    expect(countIn(times, 1000, 1500)).toBe(500);
    expect(countIn(times, 1500, 2500)).toBe(10);
  });

  test("never fall, whatever the profile", () => {
    const rate = fc.double({ min: 0, max: 500, noNaN: true });
    const profile: fc.Arbitrary<Arrivals> = fc.oneof(
      fc.record({ kind: fc.constantFrom("constant" as const, "poisson" as const), rate }),
      fc.record({ kind: fc.constant("ramp" as const), from: rate, to: rate, overMs: fc.nat(5000) }),
      fc.record({
        kind: fc.constant("step" as const),
        rates: fc.array(rate, { minLength: 1, maxLength: 5 }),
        everyMs: fc.nat(2000),
      }),
    );
    fc.assert(
      fc.property(profile, fc.nat(), (arrivals, seed) => {
        const times = until(arrivals, 4000, seed);
        for (let i = 1; i < times.length; i++) expect(times[i]!).toBeGreaterThanOrEqual(times[i - 1]!);
        expect(times.every((time) => time >= 0)).toBe(true);
      }),
    );
  });

  test("poisson has the mean and the variance of its rate, and the gaps are exponential", () => {
    const seconds = 2000;
    const times = until({ kind: "poisson", rate: 50 }, seconds * 1000, 7);
    const counts = new Array<number>(seconds).fill(0);
    for (const time of times) counts[Math.floor(time / 1000)]!++;
    const mean = times.length / seconds;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (seconds - 1);
    // Standard errors: √(50/2000) = 0.16 of the mean, 50·√(2/2000) = 1.6 of the variance; five of each.
    expect(Math.abs(mean - 50)).toBeLessThan(0.8);
    expect(Math.abs(variance - 50)).toBeLessThan(8);
    // Kolmogorov–Smirnov against 1 − e^(−50 t), at a critical value far out (1.95/√n is p = 0.001).
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0)).sort((a, b) => a - b);
    const distance = Math.max(
      ...gaps.map((gap, i) => Math.abs(1 - Math.exp(-gap * 0.05) - (i + 0.5) / gaps.length)),
    );
    expect(distance).toBeLessThan(1.95 / Math.sqrt(gaps.length));
  });

  test("poisson of one seed is the same again, of another it is not", () => {
    const arrivals: Arrivals = { kind: "poisson", rate: 100 };
    expect(until(arrivals, 1000, 3)).toEqual(until(arrivals, 1000, 3));
    expect(until(arrivals, 1000, 3)).not.toEqual(until(arrivals, 1000, 4));
  });

  test("the shares of several generators are the whole, once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), (of) => {
        const all = until({ kind: "poisson", rate: 200 }, 1000);
        const shares = Array.from({ length: of }, (_, index) => [...shareOf(all, { index, of })]);
        expect(shares.flat().sort((a, b) => a - b)).toEqual(all);
      }),
    );
  });

  test("rateAt reads the profile", () => {
    const spike: Arrivals = { kind: "spike", rate: 10, peak: 90, atMs: 1000, forMs: 500 };
    expect([0, 999, 1000, 1499, 1500, 1e9].map((at) => rateAt(spike, at))).toEqual([10, 10, 90, 90, 10, 10]);
    expect(rateAt({ kind: "ramp", from: 0, to: 100, overMs: 1000 }, 250)).toBe(25);
    expect(rateAt({ kind: "ramp", from: 0, to: 100, overMs: 1000 }, 5000)).toBe(100);
    expect(rateAt({ kind: "trace", timesMs: [0, 500, 1000] }, 0)).toBe(3);
  });

  test("refuse rates that mean nothing", () => {
    expect(() => arrivalTimes({ kind: "constant", rate: -1 }, Math.random)).toThrow("constant");
    expect(() => arrivalTimes({ kind: "constant", rate: Number.NaN }, Math.random)).toThrow("constant");
    expect(() => arrivalTimes({ kind: "poisson", rate: Number.POSITIVE_INFINITY }, Math.random)).toThrow();
  });
});

describe("a trace", () => {
  test("is seconds or dates, sorted, from 0, with comments and further columns left out", () => {
    expect(parseTrace("# t,path\n10.5,/b\n\n10,/a\n12 /c\n")).toEqual([0, 500, 2000]);
    expect(parseTrace("2026-01-01T00:00:01Z\n2026-01-01T00:00:00.250Z")).toEqual([0, 750]);
    const timesMs = parseTrace("3\n1\n2");
    expect(until({ kind: "trace", timesMs }, 1e9)).toEqual([0, 1000, 2000]);
  });

  test("names the line that it cannot read", () => {
    expect(() => parseTrace("1\n2\nsoon\n")).toThrow('line 3: "soon"');
    expect(() => parseTrace("\n# nothing\n")).toThrow("no times");
  });
});
