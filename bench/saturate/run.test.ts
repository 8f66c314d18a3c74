import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { bootRun } from "../topology/boot.ts";
import { saturate, type SaturateOptions } from "./run.ts";
import type { Trial } from "./trials.ts";
import { saturationHtml } from "./html.ts";
import { saturationText } from "./text.ts";

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

// The tests run beside one another: their targets wait and use next to no CPU.
const options: Omit<SaturateOptions, "url"> = {
  maxP99Ms: 500,
  maxFailedShare: 0.01,
  trialMs: 1000,
  warmupMs: 0,
  trials: 1,
  confidence: 0.95,
  curvePoints: 2,
  startRate: 40,
  maxRate: 400,
  precision: 2.1,
  clients: [1, 2, 4],
  seed: 1,
};

test.concurrent("finds where a server that answers one request at a time saturates", async () => {
  // 10 ms each: a hundred a second, and of two clients no more than of one.
  let last: Promise<unknown> = Promise.resolve();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch() {
      const mine = last.then(() => Bun.sleep(10));
      last = mine;
      await mine;
      return new Response("");
    },
  });
  stops.push(() => server.stop(true));
  const report = await saturate({ ...options, url: server.url.href });
  // A busy machine makes it slower than that, never faster.
  expect(report.result.lowestFailed!).toBeLessThanOrEqual(320);
  expect(report.result.lowestFailed! / report.result.highest!).toBeLessThanOrEqual(2.1);
  // All of it is one queue: the work is contention, of which a busy machine hides some.
  expect(report.usl!.sigma).toBeGreaterThan(0.3);
  expect(report.result.highestConfidence!).toBeGreaterThanOrEqual(0.5);
  // What the search tried, and the two further ones of the curve.
  expect(report.curve.length).toBeGreaterThanOrEqual(4);
  expect(report.knee).toBeDefined();
  expect(saturationText(report)).toContain("over clients: one client");
  expect(saturationText(report)).toContain("bottleneck: not named");
  expect(saturationHtml(report)).not.toMatch(/NaN|undefined|Infinity/);
}, 240_000);

test.concurrent("says when nothing holds", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { status: 500 }),
  });
  stops.push(() => server.stop(true));
  const told: Trial[] = [];
  const report = await saturate(
    { ...options, url: server.url.href, startRate: 20, trialMs: 300, clients: [] },
    { trial: (trial) => void told.push(trial) },
  );
  // For the errors, and not for want of a whole second.
  expect([told[0]!.failedShare, told[0]!.p99Ms > 0]).toEqual([1, true]);
  expect(report.result.highest).toBeUndefined();
  expect(report.usl).toBeUndefined();
  expect(saturationText(report)).toContain("no rate held");
  expect(saturationHtml(report)).toContain("No rate held");
}, 240_000);

test.concurrent("tells why it ended early", async () => {
  const gone = { ...options, url: "http://127.0.0.1:1/", trialMs: 300 };
  const refused = await saturate(gone);
  expect(refused.incomplete).toContain("answered nothing (refused");
  // It need not be asked at other rates.
  expect(refused.trials).toEqual([]);
  const scenarioFile = join(import.meta.dir, "..", "scenarios", "shop.ts");
  const report = await saturate({ ...gone, scenarioFile });
  expect(report.incomplete).toContain("the setup of scenario shop failed");
  expect(saturationText(report)).toContain("error: not all was measured: the setup");
  expect(saturationHtml(report)).toContain("not all was measured: the setup");
}, 240_000);

test.concurrent("over the instances of a service: throughput, the law, and what limits each size", async () => {
  const run = await bootRun({ topology: join(import.meta.dir, "..", "topology", "fixtures", "two.yaml") });
  stops.push(() => run.stop());
  const report = await saturate({
    ...options,
    // One at a time and 20 ms each, without CPU: so each further instance brings as much again.
    url: `${run.gateway}/through?work=wait`,
    trialMs: 600,
    maxRate: 20,
    curvePoints: 0,
    clients: [],
    scale: { service: "back", replicas: [1, 2, 3], clients: 12 },
  });
  const { points, usl } = report.scaling!;
  expect(points.map(({ n }) => n)).toEqual([1, 2, 3, 3, 2, 1]);
  const mean = (n: number) => {
    const own = points.filter((point) => point.n === n);
    return own.reduce((sum, { throughput }) => sum + throughput, 0) / own.length;
  };
  expect(mean(3)).toBeGreaterThan(1.5 * mean(1));
  expect(usl!.lambda).toBeGreaterThan(0);
  const { service, kind } = points[0]!.bottleneck!;
  // A machine full with other programs is what limits then, and is named.
  expect(kind === "machine" ? "back" : service).toBe("back");
  expect(report.target!.figures.edges.length).toBeGreaterThan(0);
  expect(saturationHtml(report)).toContain("By instances");
  const instances = await run.control.get<{ service: string }[]>("/api/instances");
  expect(instances.filter(({ service }) => service === "back")).toHaveLength(1);
}, 240_000);
