/** Services without work beat rarely; what happens to them meanwhile is noticed all the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, Run } from "../kit/run.ts";

const source = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const service = defineService({
  api: () =>
    new Hono<ServiceEnv>()
      .get("/ok", (c) => c.text("ok"))
      .get("/blocks", () => { Bun.sleepSync(600_000); throw new Error("too late"); })
      .get("/hangs-later", (c) => {
        setTimeout(() => { for (;;); }, 2000);
        return c.text("soon");
      }),
});`;

// A rest longer than a test waits: its end cannot be what finds them.
const topology = `name: resting
gateway:
  port: 0
  routes:
    - { path: "/idle/{rest*}", service: idle, rewrite: "/{rest*}" }
services:
  idle: { source: idle.ts }
supervisor:
  heartbeat: 100ms
  rest: 1m
  restart: { first: 20ms, max: 50ms, crashLoopDeaths: 1000 }
`;

/** Some beats without work, after which it rests. Nobody is told of that, so it is waited out. */
const untilItRestsMs = 1000;

describe.skipIf(process.platform !== "linux")("a service that rests", () => {
  let folder: string;
  let run: Run;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mc-rest-"));
    writeFileSync(join(folder, "idle.ts"), source);
    writeFileSync(join(folder, "topology.yaml"), topology);
    run = await Run.start({ topology: join(folder, "topology.yaml") });
  });
  afterAll(async () => {
    await run?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function replacedAfter(what: (pid: number) => unknown): Promise<void> {
    const before = await run.instance("idle-1");
    await Bun.sleep(untilItRestsMs);
    const still = await run.instance("idle-1");
    expect(still).toMatchObject({ state: "ready", generation: before.generation, pid: before.pid });
    await what(before.pid as number);
    await eventually("it is replaced", async () => {
      const now = await run.instance("idle-1");
      return now.state === "ready" && now.generation > before.generation;
    });
    expect((await run.instance("idle-1")).lastExit).toContain("hung");
    expect(await (await fetch(`${run.gateway}/idle/ok`)).text()).toBe("ok");
  }

  test("lives on, answers, and its memory is told", async () => {
    await Bun.sleep(untilItRestsMs);
    expect(await run.instance("idle-1")).toMatchObject({ state: "ready", generation: 1 });
    expect((await run.instance("idle-1")).rssBytes).toBeGreaterThan(1e6);
    expect(await (await fetch(`${run.gateway}/idle/ok`)).text()).toBe("ok");
  });

  test("and is called, and blocks in that very call, is replaced", async () => {
    let answer: Promise<unknown> | undefined;
    await replacedAfter(() => {
      answer = fetch(`${run.gateway}/idle/blocks`).catch(() => undefined);
    });
    await answer;
  });

  test("and hangs in a timer of its own is replaced", async () => {
    await replacedAfter(() => fetch(`${run.gateway}/idle/hangs-later`));
  });

  test("and is frozen from outside is replaced", async () => {
    await replacedAfter((pid) => process.kill(pid, "SIGSTOP"));
  });
});
