import { describe, expect, test } from "bun:test";
import { judge } from "./curve.ts";
import { fitPower } from "./fit.ts";

const law = (exponent: number, sizes = [1, 10, 100, 1000]) =>
  sizes.map((x) => [x, 3 * x ** exponent] as const);
const points = (values: readonly (readonly [number, number])[]) =>
  values.map(([x, costMs]) => ({ x, figures: { costMs } }));

describe("fitPower", () => {
  test.each([0, 0.5, 1, 2])("finds the exponent %p", (exponent) => {
    const fit = fitPower(law(exponent));
    expect(fit.exponent).toBeCloseTo(exponent, 9);
    expect(fit.scale).toBeCloseTo(3, 9);
    expect(fit.rSquared).toBeCloseTo(1, 9);
  });

  test("refuses what has no logarithm, and a single size", () => {
    expect(() =>
      fitPower([
        [1, 0],
        [2, 1],
      ]),
    ).toThrow("above 0");
    expect(() =>
      fitPower([
        [2, 1],
        [2, 3],
      ]),
    ).toThrow("two different sizes");
  });
});

describe("judge", () => {
  const flat = { figure: "costMs", shape: "flat" } as const;
  const linear = { figure: "costMs", shape: "linear" } as const;

  test("a constant is flat, and a line is not", () => {
    expect(judge(points(law(0)), flat)!.held).toBe(true);
    expect(judge(points(law(1)), flat)!.held).toBe(false);
  });

  test("a logarithm's growth over four decades is not flat, noise of a tenth is", () => {
    const log = [1, 10, 100, 1000].map((x) => [x, 1 + Math.log10(x)] as const);
    expect(judge(points(log), flat)!.held).toBe(false);
    const noisy = [
      [1, 1],
      [10, 1.1],
      [100, 0.95],
      [1000, 1.08],
    ] as const;
    expect(judge(points(noisy), flat)!.held).toBe(true);
  });

  test("a line is linear, a square is not", () => {
    expect(judge(points(law(1)), linear)!.held).toBe(true);
    expect(judge(points(law(2)), linear)!.held).toBe(false);
  });

  test("a square that a fixed cost hides at first is found at the end", () => {
    const hidden = [1, 10, 100, 1000, 10_000].map((x) => [x, 1e5 + x ** 2] as const);
    const verdict = judge(points(hidden), linear)!;
    expect(verdict.fit.exponent).toBeLessThan(1.15);
    expect(verdict.held).toBe(false);
  });

  test("two points are not judged, nor is a figure that is missing", () => {
    expect(judge(points(law(1, [1, 2])), linear)).toBeUndefined();
    expect(judge(points(law(1)), { figure: "otherMs", shape: "flat" })).toBeUndefined();
  });
});
