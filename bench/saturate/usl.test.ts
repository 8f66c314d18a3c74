import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../runtime/clock.ts";
import { fitUsl, uslThroughput } from "./usl.ts";

const sizes = [1, 2, 4, 8, 16, 32, 64];

describe("a fit of the Universal Scalability Law", () => {
  test("finds the law that made the points", () => {
    const law = fc.record({
      lambda: fc.double({ min: 1, max: 1e5, noNaN: true }),
      sigma: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
      kappa: fc.double({ min: 1e-5, max: 0.05, noNaN: true }),
    });
    fc.assert(
      fc.property(law, (made) => {
        const fit = fitUsl(sizes.map((n) => ({ n, throughput: uslThroughput(made, n) })));
        expect(fit.lambda / made.lambda).toBeCloseTo(1, 5);
        expect(fit.sigma).toBeCloseTo(made.sigma, 5);
        expect(fit.kappa).toBeCloseTo(made.kappa, 5);
        expect(fit.rSquared).toBeCloseTo(1, 6);
      }),
    );
  });

  test("is near it when the points are off by some per cent", () => {
    const made = { lambda: 1000, sigma: 0.05, kappa: 0.001 };
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const points = sizes.map((n) => ({ n, throughput: uslThroughput(made, n) * (0.97 + 0.06 * random()) }));
      const fit = fitUsl(points);
      expect(fit.lambda).toBeWithin(930, 1070);
      expect(fit.sigma).toBeWithin(0.02, 0.08);
      // √((1 − 0.05) / 0.001) = 30.8
      expect(fit.peakN).toBeWithin(25, 38);
      expect(fit.rSquared).toBeGreaterThan(0.97);
    }
  });

  test("never has negative costs: what scales better than linearly is told as linear", () => {
    const fit = fitUsl(sizes.map((n) => ({ n, throughput: 100 * n ** 1.05 })));
    expect(fit).toMatchObject({ sigma: 0, kappa: 0, peakN: Number.POSITIVE_INFINITY });
    const amdahl = fitUsl(
      sizes.map((n) => ({ n, throughput: uslThroughput({ lambda: 10, sigma: 0.2, kappa: 0 }, n) })),
    );
    expect(amdahl.sigma).toBeCloseTo(0.2, 6);
    expect(amdahl.kappa).toBeCloseTo(0, 9);
  });

  test("needs three sizes", () => {
    const points = [1, 2, 2, 1].map((n) => ({ n, throughput: n }));
    expect(() => fitUsl(points)).toThrow("three");
    expect(() => fitUsl([...points, { n: 4, throughput: 0 }])).toThrow("three");
  });
});
