import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Part, runPart } from "./part.ts";
import type { Side } from "./side.ts";

interface Running {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

/** Sides that write down what happens to them. */
function fixture(failing?: string) {
  const told: string[] = [];
  const directories: string[] = [];
  const side = (name: string, version: string | undefined): Side<Running> => ({
    name,
    does: "nothing",
    config: "none",
    version: () => version,
    async start(directory) {
      directories.push(directory);
      told.push(`start ${name}`);
      return { name, stop: async () => void told.push(`stop ${name}`) };
    },
  });
  const part: Part<Running> = {
    name: "gateway",
    title: "A part",
    load: "none",
    sides: [side("Microcosm", "1"), side("nginx", undefined), side("HAProxy", "2")],
    async measure({ name }) {
      if (name === failing) throw new Error("it broke");
      told.push(`measure ${name}`);
      return { perSecond: name === "Microcosm" ? 3 : 2 };
    },
  };
  return { part, told, directories };
}

test("starts each side anew each round, and turns the order every other round", async () => {
  const { part, told, directories } = fixture();
  const { facts, samples } = await runPart(part, 2);
  const turn = (name: string) => [`start ${name}`, `measure ${name}`, `stop ${name}`];
  expect(told).toEqual([...turn("Microcosm"), ...turn("HAProxy"), ...turn("HAProxy"), ...turn("Microcosm")]);
  expect(samples.map(({ side, round }) => [side, round])).toEqual([
    ["Microcosm", 0],
    ["HAProxy", 0],
    ["HAProxy", 1],
    ["Microcosm", 1],
  ]);
  expect(samples[0]!.figures.perSecond).toBe(3);
  expect(facts.sides.map(({ version }) => version)).toEqual(["1", null, "2"]);
  expect(new Set(directories).size).toBe(4);
  expect(directories.filter(existsSync)).toEqual([]);
});

test("a side that fails is stopped, its folder deleted, and named", async () => {
  const { part, told, directories } = fixture("HAProxy");
  await expect(runPart(part, 1)).rejects.toThrow("gateway, HAProxy: it broke");
  expect(told.at(-1)).toBe("stop HAProxy");
  expect(directories.filter(existsSync)).toEqual([]);
});
