import { afterEach, expect, test } from "bun:test";
import { saturate, type SaturateOptions } from "./run.ts";
import { saturationText } from "./command.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const options: Omit<SaturateOptions, "url"> = {
  maxP99Ms: 1000,
  maxFailedShare: 0.01,
  trialMs: 1500,
  warmupMs: 0,
  trials: 1,
  startRate: 20,
  maxRate: 400,
  precision: 2.1,
  clients: [1, 2, 4],
  seed: 1,
};

test("finds where a server that answers one request at a time saturates", async () => {
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
  // All of it is one queue: nearly the whole work is contention.
  expect(report.usl!.sigma).toBeGreaterThan(0.6);
  expect(saturationText(report)).toContain("scalability");
}, 60_000);

test("says when nothing holds", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { status: 500 }),
  });
  stops.push(() => server.stop(true));
  const report = await saturate({
    ...options,
    url: server.url.href,
    startRate: 20,
    trialMs: 300,
    clients: [],
  });
  expect(report.result.highest).toBeUndefined();
  expect(report.usl).toBeUndefined();
  expect(saturationText(report)).toContain("no rate held");
}, 120_000);
