import { expect, test } from "bun:test";
import { seededRandom } from "../../runtime/clock.ts";
import { defineScenario, inTurn, uniform, zipf } from "../load/scenario.ts";
import { loadScenario, scenarioFile, scenarioNames } from "../load/scenarios.ts";

test("every built-in scenario loads under its own name", async () => {
  expect(scenarioNames()).toContain("shop");
  for (const name of scenarioNames()) {
    const scenario = await loadScenario(scenarioFile(name));
    expect(scenario.name).toBe(name);
    expect(scenario.description).not.toBe("");
  }
});

test("an unknown one is refused, with the name that is near", async () => {
  expect(() => scenarioFile("shpo")).toThrow("did you mean shop?");
  expect(() => scenarioFile("utterly else")).toThrow("There are: shop");
  expect(() => scenarioFile("./none.ts")).toThrow("no file ./none.ts");
  await expect(loadScenario(`${import.meta.dir}/../load/plan.ts`)).rejects.toThrow("exports no scenario");
});

test("a scenario that could do nothing is refused", () => {
  expect(() => defineScenario({ name: "x", description: "", flows: [] })).toThrow("no flows");
  const run = async () => undefined;
  expect(() =>
    defineScenario({ name: "x", description: "", flows: [{ name: "f", weight: 0, run }] }),
  ).toThrow("weight");
});

test("feeders: in turn, evenly, and by Zipf's law", () => {
  const random = seededRandom(5);
  const next = inTurn(["a", "b", "c"]);
  expect([1, 2, 3, 4].map(() => next(random))).toEqual(["a", "b", "c", "a"]);

  const draws = 20_000;
  const count = (feeder: (random: () => number) => number) => {
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < draws; i++) counts[feeder(random)]!++;
    return counts.map((found) => found / draws);
  };
  const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  // Standard error of a share of a tenth: √(0.1 · 0.9 / 20 000) = 0.002; five of them.
  for (const share of count(uniform(items))) expect(Math.abs(share - 0.1)).toBeLessThan(0.011);
  const total = items.reduce((sum, k) => sum + 1 / (k + 1), 0);
  for (const [k, share] of count(zipf(items, 1)).entries()) {
    expect(Math.abs(share - 1 / (k + 1) / total)).toBeLessThan(0.018);
  }
  expect(() => uniform([])(random)).toThrow("no items");
});
