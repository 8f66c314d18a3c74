import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Part, type PartFacts, runPart, runStanding } from "./part.ts";
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

test("a side that fails is stopped, its folder deleted, and named; what was measured before it is kept", async () => {
  const { part, told, directories } = fixture("HAProxy");
  const { samples, failure } = await runPart(part, 1);
  expect(failure?.message).toBe("gateway, HAProxy: it broke");
  expect(samples.map(({ side }) => side)).toEqual(["Microcosm"]);
  expect(told.at(-1)).toBe("stop HAProxy");
  expect(directories.filter(existsSync)).toEqual([]);
});

describe("rounds of sides that run all the time", () => {
  const facts: PartFacts = { name: "telemetry", title: "", load: "", sides: [] };
  const told: string[] = [];
  const standing = (failing: number) =>
    runStanding(facts, 3, async (work) => {
      told.push("start");
      try {
        await work(async (round) => {
          if (round === failing) throw new Error("it broke");
          return { on: { perSecond: round }, off: { perSecond: 2 * round } };
        });
      } finally {
        told.push("stop");
      }
    });

  test("are measured within one start, each side with its figures", async () => {
    told.length = 0;
    const { samples, failure } = await standing(9);
    expect(told).toEqual(["start", "stop"]);
    expect(failure).toBeUndefined();
    expect(samples.map(({ side, round, figures }) => [side, round, figures.perSecond])).toEqual([
      ["on", 0, 0],
      ["off", 0, 0],
      ["on", 1, 1],
      ["off", 1, 2],
      ["on", 2, 2],
      ["off", 2, 4],
    ]);
  });

  test("that fail leave those before them", async () => {
    const { samples, failure } = await standing(1);
    expect(failure?.message).toBe("it broke");
    expect(samples.map(({ round }) => round)).toEqual([0, 0]);
  });
});
