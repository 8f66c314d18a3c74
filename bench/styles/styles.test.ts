/** All three styles and shapes through a real run: each asks as many hops as it says. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type BootedRun, bootRun } from "../topology/boot.ts";
import { measureStyles, stylesReport } from "./run.ts";
import { questionsOf, restOf, shapes, styles } from "./work.ts";
import { readEnvironment } from "../report/environment.ts";
import { comparisonHtml } from "../paired/html.ts";

test("each style reaches all hops, in both modes", async () => {
  for (const mode of ["processes", "monolith"] as const) {
    let run: BootedRun | undefined;
    try {
      run = await bootRun({ topology: join(import.meta.dir, "topology.yaml"), mode });
      for (const style of styles) {
        for (const shape of shapes) {
          const reply = await fetch(`${run.gateway}/${style}/${shape}`);
          expect([style, shape, reply.status]).toEqual([style, shape, 200]);
          expect(await reply.json()).toEqual({ count: shape === "one" ? 1 : 5 });
        }
      }
      expect((await fetch(`${run.gateway}/pigeon/one`)).status).toBe(404);
    } finally {
      await run?.stop();
    }
  }
}, 120_000);

test("a chain is one question that goes on, five at once are five that do not", () => {
  const [chain] = questionsOf("mesh", "chain");
  expect(chain!.path).toHaveLength(5);
  expect(restOf(chain!)!.path).toEqual(["hop2", "hop3", "hop4", "hop5"]);
  const parallel = questionsOf("http", "parallel");
  expect(parallel).toHaveLength(5);
  expect(parallel.map(restOf)).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

test("a comparison has every figure of every style", async () => {
  const options = { shapes: ["one"] as const, rounds: 1, measureMs: 400, rate: 20, clients: 2, seed: 1 };
  const measured = await measureStyles(options, () => {});
  expect(measured.rounds).toHaveLength(3);
  for (const { values } of measured.rounds) {
    expect(values["one.failedShare"]).toBe(0);
    expect(values["one.perSecond"]!).toBeGreaterThan(0);
    expect(values["one.cpuMs"]!).toBeGreaterThan(0);
  }
  const frame = {
    name: "styles",
    startedAt: "2026-01-01T00:00:00Z",
    command: "",
    environment: readEnvironment(),
  };
  const html = comparisonHtml(stylesReport(frame, options, measured));
  expect(html).toContain("event and reply");
  expect(html).not.toMatch(/NaN|undefined/);
}, 120_000);
