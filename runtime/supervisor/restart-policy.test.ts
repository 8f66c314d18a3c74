import { expect, test } from "bun:test";
import fc from "fast-check";
import { RestartPolicy } from "./restart-policy.ts";

const config = { firstMs: 100, maxMs: 1000, crashLoopDeaths: 6, windowMs: 60_000 };

test("the delay doubles up to its bound, then there is none", () => {
  const policy = new RestartPolicy(config, () => 0.999999);
  const delays = [1, 2, 3, 4, 5].map((second) => Math.round(policy.died(second * 1000) ?? -1));
  expect(delays).toEqual([100, 200, 400, 800, 1000]);
  expect(policy.died(6000)).toBeUndefined();
  policy.forget();
  expect(policy.died(7000)).toBeCloseTo(100, 0);
});

test("only deaths within the window count", () => {
  const policy = new RestartPolicy(config, () => 0.5);
  for (let n = 0; n < 100; n += 1) expect(policy.died(n * 60_000)).toBe(50);
});

test("any deaths: a delay is within the bounds, and a crash loop means as many deaths in the window", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(gaps, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (all, random) => {
      const policy = new RestartPolicy(config, () => random);
      const deaths: number[] = [];
      let now = 0;
      for (const gap of all) {
        now += gap;
        deaths.push(now);
        const delay = policy.died(now);
        const recent = deaths.filter((at) => now - at < config.windowMs).length;
        if (delay === undefined) {
          expect(recent).toBeGreaterThanOrEqual(config.crashLoopDeaths);
          policy.forget();
          deaths.length = 0;
        } else {
          expect(recent).toBeLessThan(config.crashLoopDeaths);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThan(config.maxMs);
        }
      }
    }),
  );
});
