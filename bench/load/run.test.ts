import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LatencyHistogram } from "./histogram.ts";
import { makePlan, type PlanOptions } from "./plan.ts";
import { failures, type LoadResult } from "./result.ts";
import { runLoad } from "./run.ts";

const stops: (() => unknown)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

function serve(fetch: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  stops.push(() => server.stop(true));
  return server.url.href;
}

function listen(data: (socket: { write(text: string): unknown; terminate(): void }) => void): string {
  const server = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data } });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}/`;
}

const load = (options: PlanOptions): Promise<LoadResult> =>
  runLoad(makePlan({ durationMs: 1000, warmup: 200, connections: 8, ...options }));

const open = (rate: number) => ({ kind: "open", arrivals: { kind: "constant", rate } }) as const;
const errors = (result: LoadResult) =>
  result.problems.filter((problem) => problem.severity === "error").map((problem) => problem.message);

describe("a run", () => {
  test.concurrent("in an open loop sends what was asked for, whatever number of processes", async () => {
    let seen = 0;
    const url = serve(() => {
      seen++;
      return new Response("hello");
    });
    const result = await load({ url, loop: open(200), processes: 2 });
    expect(result.due).toBe(200);
    expect(result.total.replied).toBe(200);
    expect(result.total.statuses).toEqual({ "200": 200 });
    expect(result.total.bodyBytes).toBe(1000);
    expect(LatencyHistogram.decode(result.total.corrected).count).toBe(200);
    expect(result.seconds.reduce((sum, second) => sum + second.begun, 0)).toBe(200);
    expect(result.generators.map((health) => health.due)).toEqual([100, 100]);
    // The warm-up before it: at least something, and not counted above.
    expect(seen).toBeGreaterThan(200);
    expect(errors(result)).toEqual([]);
  });

  test.concurrent("in a closed loop never has more under way than clients, and ends at its count", async () => {
    let [now, most] = [0, 0];
    const url = serve(async () => {
      most = Math.max(most, ++now);
      await Bun.sleep(2);
      now--;
      return new Response("");
    });
    const loop = { kind: "closed", clients: 3, thinkMs: 0 } as const;
    const result = await load({ url, loop, maxRequests: 60, durationMs: 30_000, warmup: 0 });
    expect(result.total.replied).toBe(60);
    expect(most).toBe(3);
    expect(result.measuredMs).toBeLessThan(30_000);
  });

  test.concurrent("with a number of requests lasts until they are answered", async () => {
    const url = serve(async () => {
      await Bun.sleep(100);
      return new Response("");
    });
    const loop = { kind: "closed", clients: 10, thinkMs: 0 } as const;
    const result = await load({ url, loop, maxRequests: 10, durationMs: 30_000, warmup: 0 });
    expect(result.measuredMs).toBeGreaterThan(90);
    // With those that were under way when it began.
    expect(Math.round((result.perSecond * result.measuredMs) / 1000)).toBeWithin(10, 21);
  });

  test.concurrent("of a scenario says when its turns do not keep up", async () => {
    let last = Promise.resolve();
    const url = serve(async () => {
      // One after the other: 50 a second at the most.
      last = last.then(() => Bun.sleep(20));
      await last;
      return new Response("");
    });
    const directory = mkdtempSync(join(tmpdir(), "load-"));
    stops.push(() => rmSync(directory, { recursive: true, force: true }));
    const scenarioFile = join(directory, "look.ts");
    writeFileSync(
      scenarioFile,
      `export const scenario = { name: "look", description: "",
        flows: [{ name: "look", weight: 1, run: async (session) => { await session.get("page", "/"); } }] };`,
    );
    const result = await load({ url, loop: open(150), scenarioFile, timeoutMs: 30_000 });
    expect(errors(result).join()).toContain("the rate of 150 a second was not reached");
  }, 30_000);

  test.concurrent("runs the turns of a scenario file, with its checks and thresholds", async () => {
    const url = serve(async (request) => {
      const path = new URL(request.url).pathname;
      if (path === "/login") return Response.json({ token: (await request.json()).user }, { status: 201 });
      if (path === "/late") return new Response("", { status: 503 });
      return new Response(request.headers.get("authorization"), { headers: { "x-seen": "yes" } });
    });
    const directory = mkdtempSync(join(tmpdir(), "load-"));
    stops.push(() => rmSync(directory, { recursive: true, force: true }));
    const scenarioFile = join(directory, "visit.ts");
    writeFileSync(
      scenarioFile,
      `import { defineScenario } from ${JSON.stringify(join(import.meta.dir, "scenario.ts"))};
       export const scenario = defineScenario({
         name: "visit", description: "",
         setup: async (session) => (await session.post("log in", "/login", { json: { user: "ada" }, expect: 201 })).json(),
         flows: [{ name: "visit", weight: 1, run: async (session, data) => {
           const page = await session.get("page", "/page", { headers: { authorization: data.token } });
           session.check("is ada", page.text() === "ada" && page.header("X-Seen") === "yes");
           session.check("is never", false);
           await session.get("late", "/late");
         } }],
         thresholds: [{ metric: "p99Ms", step: "page", max: 60000 }, { metric: "checkedShare", min: 0.9 }, { metric: "failedShare", max: 0.6 }],
       });`,
    );
    const result = await load({ url, loop: open(50), scenarioFile });
    const steps = Object.fromEntries(result.steps.map((step) => [step.name, step]));
    expect(steps.page).toMatchObject({ replied: 50, bad: 0 });
    expect(steps.late!.bad).toBe(steps.late!.replied);
    expect(result.checks.find((check) => check.name === "is ada")!.failed).toBe(0);
    expect(result.thresholds.map((threshold) => threshold.held)).toEqual([true, false, true]);
    expect(errors(result)).toEqual(["threshold broken: checkedShare ≥ 0.9, was 0.5"]);
  }, 30_000);

  test.concurrent("of a scenario whose setup fails is refused with the reason", async () => {
    const directory = mkdtempSync(join(tmpdir(), "load-"));
    stops.push(() => rmSync(directory, { recursive: true, force: true }));
    const scenarioFile = join(directory, "broken.ts");
    writeFileSync(
      scenarioFile,
      `export const scenario = { name: "broken", flows: [{ name: "a", weight: 1, run: async () => {} }],
        setup: async () => { throw new Error("no beans"); } };`,
    );
    await expect(load({ url: "http://127.0.0.1:9/", loop: open(1), scenarioFile })).rejects.toThrow(
      "no beans",
    );
  });

  test.concurrent("says when its connections are too few", async () => {
    const url = serve(async () => {
      await Bun.sleep(100);
      return new Response("");
    });
    // 100 a second of 0.1 s each are ten at once.
    const warnings = async (connections: number) =>
      (await load({ url, loop: open(100), connections })).problems.map(({ message }) => message).join();
    expect(await warnings(5)).toContain("for one of 5 connections");
    expect(await warnings(64)).not.toContain("connections");
  }, 30_000);

  test("counts a stall in every request that was due during it, and shows what the naive figure hides", async () => {
    let stalled = false;
    let count = 0;
    let until = 0;
    const url = serve(async () => {
      count++;
      if (!stalled && count === 250) {
        stalled = true;
        until = performance.now() + 500;
      }
      const left = until - performance.now();
      if (left > 0) await Bun.sleep(left);
      return new Response("");
    });
    const result = await load({ url, loop: open(200), durationMs: 2000, warmup: 0, connections: 2 });
    const corrected = LatencyHistogram.decode(result.total.corrected);
    const uncorrected = LatencyHistogram.decode(result.total.uncorrected);
    expect(result.total.replied).toBe(400);
    // 100 of 400 were due while it stood still, 500, 495, 490 … ms before it went on: the median of those is 250 ms.
    expect(corrected.percentileMs(87.5)).toBeGreaterThan(200);
    expect(corrected.maxMs).toBeGreaterThan(480);
    // Both connections were stuck, so that only two requests were sent during it.
    expect(uncorrected.percentileMs(98)).toBeLessThan(corrected.percentileMs(80));
  });
});

describe.concurrent("a target is told apart that", () => {
  const loop = open(20);

  test("refuses", async () => {
    const server = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
    const url = `http://127.0.0.1:${server.port}/`;
    server.stop(true);
    const result = await load({ url, loop });
    expect(result.total.failed.refused).toBe(20);
    expect(errors(result)[0]).toContain("answered nothing (refused:");
  });

  test("resets", async () => {
    const result = await load({ url: listen((socket) => socket.terminate()), loop });
    expect(result.total.failed.reset).toBe(20);
    expect(errors(result)[0]).toContain("answered nothing (reset:");
  });

  test("answers garbage", async () => {
    const result = await load({ url: listen((socket) => socket.write("220 mail ESMTP\r\n")), loop });
    expect(result.total.failed.garbage).toBe(20);
    expect(errors(result)[0]).toContain("does not begin with HTTP/");
  });

  test("answers never", async () => {
    const result = await load({
      url: listen(() => undefined),
      loop,
      timeoutMs: 300,
      durationMs: 500,
      connections: 64,
    });
    expect(result.total.failed.timeout).toBe(10);
    expect(LatencyHistogram.decode(result.total.corrected).percentileMs(0)).toBeGreaterThanOrEqual(299);
    expect(errors(result)[0]).toContain("no whole answer within 300 ms");
  });

  test("cannot make the rate", async () => {
    // One request at a time, 20 ms each: fifty a second, not five hundred.
    let last: Promise<unknown> = Promise.resolve();
    const url = serve(async () => {
      const mine = last.then(() => Bun.sleep(20));
      last = mine;
      await mine;
      return new Response("");
    });
    const result = await load({ url, loop: open(500), durationMs: 1000, timeoutMs: 2000, warmup: 0 });
    expect(failures(result.total) + result.total.replied).toBe(500);
    expect(
      errors(result).some((message) => message.startsWith("the rate of 500 a second was not reached")),
    ).toBe(true);
  });

  test("answers with errors", async () => {
    const result = await load({ url: serve(() => new Response("", { status: 503 })), loop });
    expect(result.total.statuses).toEqual({ "503": 20 });
    expect(errors(result)).toEqual(["threshold broken: failedShare ≤ 0.01, was 1"]);
  });
});

describe("a plan", () => {
  test("that means nothing is refused by the name of the option", () => {
    const loop = open(1);
    const bad: readonly [Partial<PlanOptions>, string][] = [
      [{ durationMs: 0 }, "durationMs"],
      [{ processes: 0 }, "processes"],
      [{ connections: 0 }, "connections"],
      [{ timeoutMs: Number.NaN }, "timeoutMs"],
      [{ loop: { kind: "closed", clients: 0, thinkMs: 0 } }, "clients"],
    ];
    for (const [options, name] of bad) {
      expect(() => makePlan({ url: "http://x/", loop, ...options })).toThrow(name);
    }
  });
});
