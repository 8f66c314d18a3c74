/** The life of one instance in virtual time, with a launcher that only notes what it is asked. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { MemoryRegistry } from "../registry/memory-registry.ts";
import { settle, type VirtualClock } from "../virtual-clock.ts";
import type { FakeLauncher } from "./fixtures/fake-launcher.ts";
import { config, type OneInstance, oneInstance } from "./fixtures/one-instance.ts";
import type { Instance } from "./instance.ts";
import type { ExitInfo } from "./launcher.ts";

let clock: VirtualClock;
let launcher: FakeLauncher;
let registry: MemoryRegistry;
let instance: Instance;
let link: OneInstance["link"];
let becomeReady: OneInstance["becomeReady"];

beforeEach(() => {
  ({ clock, launcher, registry, instance, link, becomeReady } = oneInstance());
});

async function die(info: ExitInfo = { code: 1, signal: null }): Promise<void> {
  launcher.last.exit(info);
  // The last message, at most, and the first backoff.
  await clock.pass(400);
}

describe("start", () => {
  test("goes through launching and starting to ready, and tells the registry", async () => {
    instance.start();
    expect(instance.phase).toBe("launching");
    expect(instance.expects({ service: "orders", instance: "orders-1", generation: 2 })).toBe(false);
    expect(instance.expects({ service: "catalog", instance: "orders-1", generation: 1 })).toBe(false);
    await clock.pass(40);
    link();
    expect(instance.phase).toBe("starting");
    expect(instance.expects({ service: "orders", instance: "orders-1", generation: 1 })).toBe(false);
    await clock.pass(60);
    instance.heard({ type: "ready", address: "at-orders-1", bootMs: 1, phases: {} });
    expect(await instance.settled()).toBe("ready");
    expect(instance.info()).toMatchObject({
      state: "ready",
      bootMs: 100,
      uptimeMs: 0,
      pid: 100,
      restarts: 0,
    });
    expect(registry.get("orders-1")).toMatchObject({
      state: "ready",
      weight: 3,
      address: "at-orders-1",
      pid: 100,
    });
    expect(registry.snapshot().version).toBe(2);
  });

  test("twice is once", () => {
    instance.start();
    instance.start();
    expect(launcher.processes).toHaveLength(1);
  });

  test("that takes too long ends in SIGKILL and another try", async () => {
    instance.start();
    link();
    await clock.pass(config.startTimeoutMs - 1);
    expect(launcher.last.signals).toEqual([]);
    await clock.pass(1000);
    expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
    expect(instance.info()).toMatchObject({
      generation: 2,
      lastExit: "not ready within 10000 ms",
      restarts: 1,
    });
  });

  test("that the system refuses is a death like another", async () => {
    launcher.failing = true;
    instance.start();
    await settle();
    expect(instance.phase).toBe("backoff");
    expect(instance.info().lastExit).toBe("cannot be launched: EMFILE");
    launcher.failing = false;
    await clock.pass(100);
    expect(instance.phase).toBe("launching");
  });
});

describe("death", () => {
  test("is followed by a restart after a growing delay, then by a crash loop", async () => {
    instance.start();
    const delays: number[] = [];
    for (let n = 1; n < config.restart.crashLoopDeaths; n += 1) {
      launcher.last.exit({ code: 7, signal: null });
      await settle();
      expect(instance.info().state).toBe("backoff");
      expect(registry.get("orders-1")?.state).toBe("stopped");
      const since = clock.now();
      while (instance.phase === "backoff") await clock.pass(10);
      delays.push(clock.now() - since);
    }
    expect(delays).toEqual([100, 200, 400]);
    await die();
    expect(await instance.settled()).toBe("crash-loop");
    await clock.pass(10 * config.restart.windowMs);
    expect(instance.info()).toMatchObject({ state: "crash-loop", generation: 4, lastExit: "exit 1" });
    expect(instance.info().pid).toBeUndefined();
    expect(launcher.processes).toHaveLength(4);
  });

  test("after a long good time counts as the first", async () => {
    instance.start();
    for (let n = 0; n < 10; n += 1) {
      becomeReady();
      for (let s = 0; s < 70; s += 1) await clock.pass(1000);
      await die();
      await clock.pass(100);
      expect(instance.phase).toBe("launching");
    }
    expect(instance.info().restarts).toBe(10);
  });

  test("in a crash loop is forgiven by start, which has all tries again", async () => {
    instance.start();
    for (let n = 0; n < 4; n += 1) {
      await die();
      await clock.pass(10_000);
    }
    expect(instance.phase).toBe("crash-loop");
    instance.start();
    await die();
    expect(instance.phase).toBe("launching");
  });

  test("keeps the reason the worker gave, the signal, or its last words", async () => {
    instance.start();
    link();
    instance.heard({ type: "failed", code: "migration-failed", message: "0001.sql" });
    await die();
    expect(instance.info().lastExit).toBe("migration-failed: 0001.sql");
    await die({ code: null, signal: "SIGSEGV" });
    expect(instance.info().lastExit).toBe("SIGSEGV");
    await clock.pass(1000);
    launcher.last.say("stdout", '{"level":"error","message":"boom","stack":"RangeError: 1\\n at x"}');
    await die();
    expect(instance.info().lastExit).toBe("exit 1: boom: RangeError: 1");
  });

  test("is told only when what the worker said before is read", async () => {
    instance.start();
    const made = link();
    launcher.last.exit({ code: 1, signal: null });
    await settle();
    expect(instance.phase).toBe("starting");
    instance.heard({ type: "failed", code: "service-load-failed", message: "no such file" });
    instance.unlinked(made);
    await settle();
    expect(instance.info().lastExit).toBe("service-load-failed: no such file");
  });
});

describe("stop", () => {
  test("drains: says so, waits for the end, and leaves it stopped", async () => {
    instance.start();
    const made = becomeReady();
    const stopped = instance.stop();
    expect(instance.phase).toBe("draining");
    expect(registry.get("orders-1")?.state).toBe("draining");
    expect(made.sent).toEqual([{ type: "drain", timeoutMs: 5000 }]);
    instance.heard({ type: "drained", unfinished: 2 });
    await die({ code: 0, signal: null });
    await stopped;
    expect(instance.info()).toMatchObject({ state: "stopped", lastExit: "drained, 2 calls cut off" });
    await clock.pass(100_000);
    expect(launcher.processes).toHaveLength(1);
  });

  test("is bounded: SIGKILL after the drain timeout", async () => {
    instance.start();
    becomeReady();
    const stopped = instance.stop();
    await clock.pass(config.drainTimeoutMs);
    expect(launcher.last.signals).toEqual([]);
    await clock.pass(2000);
    await stopped;
    expect(launcher.last.signals).toEqual(["SIGKILL"]);
    expect(instance.info().lastExit).toBe("not drained within 5000 ms");
  });

  test("before it is ready is SIGTERM; in backoff it is the end of the waiting", async () => {
    instance.start();
    await instance.stop();
    expect(launcher.last.signals).toEqual(["SIGTERM"]);
    instance.start();
    launcher.last.exit({ code: 1, signal: null });
    await settle();
    expect(instance.phase).toBe("backoff");
    await instance.stop();
    await clock.pass(100_000);
    expect(launcher.processes).toHaveLength(2);
  });

  test("and start while it drains: it ends, then begins anew", async () => {
    instance.start();
    becomeReady();
    const stopped = instance.stop();
    instance.start();
    await die({ code: 0, signal: null });
    becomeReady();
    await stopped;
    expect(instance.info()).toMatchObject({ state: "ready", generation: 2 });
  });
});

describe("health", () => {
  test("fails after the configured number of probes and comes back with one that went well", async () => {
    instance.start();
    const made = becomeReady();
    made.answer = { ok: false, reason: "disk" };
    await clock.pass(config.probe.intervalMs);
    expect(made.probed).toBe(1);
    // A doubtful one is asked again soon.
    await clock.pass(Math.min(config.probe.intervalMs / 2, 1000));
    expect(made.probed).toBe(2);
    expect(instance.phase).toBe("ready");
    await clock.pass(Math.min(config.probe.intervalMs / 2, 1000));
    expect(instance.phase).toBe("unhealthy");
    expect(registry.get("orders-1")?.state).toBe("unhealthy");
    made.answer = { ok: true };
    await clock.pass(config.probe.intervalMs);
    expect(instance.phase).toBe("ready");
  });

  test("a suspicion is a probe at once, a thousand of them are few", async () => {
    instance.start();
    const made = becomeReady();
    instance.suspected();
    await settle();
    expect(made.probed).toBe(1);
    for (let n = 0; n < 1000; n += 1) {
      instance.suspected();
      await clock.pass(1);
    }
    expect(made.probed).toBeGreaterThan(2);
    expect(made.probed).toBeLessThanOrEqual(7);
  });

  test("a lost control link ends its calls at once and its life soon", async () => {
    instance.start();
    const made = becomeReady();
    instance.unlinked(made);
    expect(instance.phase).toBe("unhealthy");
    await clock.pass(2000);
    expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
    expect(instance.info().lastExit).toBe("lives on without its control link");
  });
});
