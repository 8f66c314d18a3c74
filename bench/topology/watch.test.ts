/** A real run, loaded, and what it says of itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { makePlan } from "../load/plan.ts";
import { runLoad } from "../load/run.ts";
import { type BootedRun, bootRun } from "./boot.ts";
import { runBehind } from "./find.ts";
import { treeCpuMs, treeMemory, treeOf } from "./processes.ts";
import { TargetWatch } from "./watch.ts";

let run: BootedRun;
beforeAll(async () => {
  run = await bootRun({ topology: join(import.meta.dir, "fixtures", "two.yaml") });
}, 60_000);
afterAll(() => run?.stop());

async function loaded(work: string) {
  const url = `${run.gateway}/through?work=${work}`;
  const watch = await TargetWatch.of(url);
  watch.begin();
  const loop = { kind: "closed", clients: 8, thinkMs: 0 } as const;
  const load = await runLoad(makePlan({ url, loop, durationMs: 4000, warmup: 500 }));
  return { load, report: (await watch.report(load))! };
}

test("the run behind an address is found, and none behind another", async () => {
  expect((await runBehind(`${run.gateway}/through`))!.info.name).toBe("two");
  expect((await runBehind(run.gateway.replace("127.0.0.1", "localhost")))!.info.name).toBe("two");
  expect(await runBehind("http://127.0.0.1:1/")).toBeUndefined();
});

test("each edge is there with the rate of the load, and the service that burns CPU is named", async () => {
  const { load, report } = await loaded("spin");
  const edge = report.figures.edges.find(({ from, to }) => from === "front" && to === "back")!;
  // The window of the telemetry begins and ends on whole seconds.
  expect(edge.perSecond / load.perSecond).toBeWithin(0.6, 1.4);
  // Eight clients share one event loop that needs 4 ms for each.
  expect(edge.meanMs).toBeGreaterThan(4);
  expect(report.bottleneck!.service).toBe("back");
  expect(["process", "machine"]).toContain(report.bottleneck!.kind);
}, 60_000);

test("the service in which requests wait without CPU is named too", async () => {
  const { report } = await loaded("wait");
  expect(report.bottleneck!.service).toBe("back");
}, 60_000);

test("memory and CPU of a run are those of its whole tree", () => {
  const tree = treeOf(run.pid);
  expect(tree).toEqual(expect.arrayContaining(run.instances.map(({ pid }) => pid!)));
  expect(treeMemory(run.pid)).toBeGreaterThan(tree.length * 1024 * 1024);
  expect(treeCpuMs(run.pid)).toBeGreaterThan(0);
});
