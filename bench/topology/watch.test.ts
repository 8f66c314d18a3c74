/** A real run, loaded, and what it says of itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { makePlan } from "../load/plan.ts";
import { runLoad } from "../load/run.ts";
import { type BootedRun, bootRun } from "./boot.ts";
import { runBehind } from "./find.ts";
import { treeCpuMs, treeMemory, treeOf } from "./processes.ts";
import { TargetWatch } from "./watch.ts";

const boot = () => bootRun({ topology: join(import.meta.dir, "fixtures", "two.yaml") });
let run: BootedRun;
beforeAll(async () => {
  run = await boot();
}, 60_000);
afterAll(() => run?.stop());

async function loaded({ gateway }: BootedRun, work: string, durationMs: number, warmup: number) {
  const url = `${gateway}/through?work=${work}`;
  const watch = await TargetWatch.of(url);
  watch.begin();
  const loop = { kind: "closed", clients: 8, thinkMs: 0 } as const;
  const load = await runLoad(makePlan({ url, loop, durationMs, warmup }));
  const report = await watch.report(load);
  if (report === undefined) throw new Error(`the run said nothing: ${watch.silence}`);
  return { load, report };
}

/** The whole report stands in the failure: it comes from a machine that nobody can look at. */
function judged(seen: Awaited<ReturnType<typeof loaded>>, judge: () => void): void {
  try {
    judge();
  } catch (cause) {
    const { measuredAt, measuredMs, perSecond } = seen.load;
    const told = JSON.stringify({ measuredAt, measuredMs, perSecond, ...seen.report }, null, 1);
    throw new Error(`${(cause as Error).message}\n${told}`, { cause });
  }
}

test("the run behind an address is found, and none behind another", async () => {
  expect((await runBehind(`${run.gateway}/through`))!.info.name).toBe("two");
  expect((await runBehind(run.gateway.replace("127.0.0.1", "localhost")))!.info.name).toBe("two");
  expect(await runBehind("http://127.0.0.1:1/")).toBeUndefined();
});

test("each edge is there with the rate of the load, and the service that burns CPU is named", async () => {
  const seen = await loaded(run, "spin", 4000, 500);
  const { load, report } = seen;
  judged(seen, () => {
    const edge = report.figures.edges.find(({ from, to }) => from === "front" && to === "back")!;
    // Three reports of a second each: one that came late is in the next second.
    expect(edge.perSecond / load.perSecond).toBeWithin(0.6, 1.4);
    // Eight clients share one event loop that needs 4 ms for each.
    expect(edge.meanMs).toBeGreaterThan(4);
    expect(report.bottleneck!.service).toBe("back");
    expect(["process", "machine"]).toContain(report.bottleneck!.kind);
  });
}, 60_000);

// Beside one another: neither uses much CPU.
test.concurrent("the service in which requests wait without CPU is named too", async () => {
  const seen = await loaded(run, "wait", 4000, 500);
  judged(seen, () => expect(seen.report.bottleneck!.service).toBe("back"));
}, 60_000);

test.concurrent("a measurement of a second that wakes a run is told of too", async () => {
  const fresh = await boot();
  try {
    const seen = await loaded(fresh, "wait", 1200, 0);
    const { load, report } = seen;
    judged(seen, () => {
      const edge = report.figures.edges.find(({ from, to }) => from === "front" && to === "back")!;
      expect(edge.perSecond).toBeGreaterThan(0.5 * load.perSecond);
      expect(report.bottleneck!.service).toBe("back");
    });
  } finally {
    await fresh.stop();
  }
}, 60_000);

test.concurrent("why a run says nothing of itself is told", async () => {
  const gone = await boot();
  const watch = await TargetWatch.of(gone.gateway);
  await gone.stop();
  expect(await watch.report({ measuredAt: Date.now() - 9000, measuredMs: 4000 })).toBeUndefined();
  expect(watch.silence).toBeString();
}, 60_000);

test("memory and CPU of a run are those of its whole tree", () => {
  const tree = treeOf(run.pid);
  expect(tree).toEqual(expect.arrayContaining(run.instances.map(({ pid }) => pid!)));
  expect(treeMemory(run.pid)).toBeGreaterThan(tree.length * 1024 * 1024);
  expect(treeCpuMs(run.pid)).toBeGreaterThan(0);
});
