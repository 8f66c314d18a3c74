import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { UnixTransport } from "../transport/unix.ts";
import { bodyText, FakeSupervisor, telemetry, until } from "./fixtures/harness.ts";
import type { WorkerSpec } from "./spec.ts";

const fixtures = join(import.meta.dir, "fixtures");
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Line {
  readonly level: string;
  readonly message: string;
  readonly at: number;
  readonly stack?: string;
}

async function setUp() {
  const supervisor = await new FakeSupervisor(new UnixTransport()).start();
  cleanups.push(() => supervisor.stop());
  return supervisor;
}

function spawn(spec: WorkerSpec) {
  const child = Bun.spawn([process.execPath, join(fixtures, "worker-process.ts")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, MICROCOSM_WORKER: JSON.stringify(spec), OWN: "inherited" },
  });
  cleanups.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  return child;
}

async function startWorker(supervisor: FakeSupervisor, more: Partial<WorkerSpec> = {}) {
  const child = spawn(supervisor.spec(more));
  const lines: Line[] = [];
  const reading = new Response(child.stdout).text().then((text) => {
    for (const line of text.split("\n").slice(0, -1)) lines.push(JSON.parse(line));
  });
  await until("it is ready", () => supervisor.said("ready").length > 0);
  const ended = async () => {
    await child.exited;
    await reading;
    return {
      code: child.exitCode,
      signal: child.signalCode,
      stderr: await new Response(child.stderr).text(),
    };
  };
  return { child, lines, ended };
}

describe("a worker process", () => {
  test("serves, and all it writes is structured", async () => {
    const supervisor = await setUp();
    const { child, lines, ended } = await startWorker(supervisor);
    expect(await supervisor.text("POST", "/counters/a")).toBe('{"name":"a","value":1}');
    child.kill("SIGTERM");
    expect(await ended()).toEqual({ code: 0, signal: null, stderr: "" });
    const messages = lines.map(({ level, message }) => `${level} ${message}`);
    expect(messages).toContain("notice counting");
    expect(messages).toContain("info on the console { a: 1 }");
    expect(messages.at(-1)).toBe("info stopped");
    expect(supervisor.said("drained")).toHaveLength(1);
  });

  test("the service's environment: the process's, the topology's over it, nothing of the worker's own", async () => {
    const supervisor = await setUp();
    const { config } = supervisor.spec();
    await startWorker(supervisor, { config: { ...config!, env: { HOME: "/over" } } });
    const value = async (name: string) => JSON.parse(await supervisor.text("GET", `/env/${name}`)).value;
    expect([await value("OWN"), await value("HOME"), await value("MICROCOSM_WORKER")]).toEqual([
      "inherited",
      "/over",
      null,
    ]);
  });

  test("SIGTERM lets a call end; SIGINT changes nothing", async () => {
    const supervisor = await setUp();
    const { child, ended } = await startWorker(supervisor);
    child.kill("SIGINT");
    const slow = supervisor.call("GET", "/slow/200");
    await until("it is under way", () => supervisor.said("beat").some((beat) => beat.pending > 0));
    child.kill("SIGTERM");
    expect(await bodyText(await slow)).toBe("slept");
    expect((await ended()).code).toBe(0);
  });

  test("an unhandled rejection ends it, and its stack is in the log", async () => {
    const supervisor = await setUp();
    const { lines, ended } = await startWorker(supervisor);
    await supervisor.call("GET", "/reject", null, { deadline: Date.now() + 500 }).catch(() => {});
    expect((await ended()).code).toBe(1);
    const last = lines.at(-1);
    expect(last).toMatchObject({ level: "error", message: "Unhandled rejection; the worker ends" });
    expect(last?.stack).toContain("nobody waits for this");
  });

  test("a start that fails: said, logged, exit 1", async () => {
    const supervisor = await setUp();
    const { config } = supervisor.spec();
    const child = spawn(supervisor.spec({ config: { ...config!, env: { FAIL_START: "1" } } }));
    expect(await child.exited).toBe(1);
    await until("it said so", () => supervisor.said("failed").length === 1);
    expect(supervisor.said("failed")[0]?.message).toBe("asked to fail");
    expect(await new Response(child.stdout).text()).toContain("Cannot start: asked to fail");
  });

  test("what it wrote last reaches the observer, whether it crashes or cannot start", async () => {
    const supervisor = await setUp();
    const heard = await supervisor.observe();
    const { ended } = await startWorker(supervisor, telemetry);
    await supervisor.call("GET", "/reject").catch(() => {});
    expect((await ended()).code).toBe(1);
    await until("the crash is told", () => heard.includes("Unhandled rejection; the worker ends"));

    const { config } = supervisor.spec();
    const failing = { ...telemetry, config: { ...config!, env: { FAIL_START: "1" } } };
    expect(await spawn(supervisor.spec(failing)).exited).toBe(1);
    await until("the failure is told", () => heard.includes("Cannot start: asked to fail"));
  });

  test("an observer that hangs does not keep one that crashed", async () => {
    const supervisor = await setUp();
    const mute = join(supervisor.directory, "mute.sock");
    const listener = Bun.listen({ unix: mute, socket: { data: () => {} } });
    cleanups.push(() => listener.stop(true));
    supervisor.changed("observer-1", "ready", mute);
    const { ended } = await startWorker(supervisor, telemetry);
    const began = performance.now();
    await supervisor.call("GET", "/reject").catch(() => {});
    expect((await ended()).code).toBe(1);
    expect(performance.now() - began).toBeLessThan(8000);
  });

  test("without its supervisor it ends by itself", async () => {
    const supervisor = await setUp();
    const { ended } = await startWorker(supervisor);
    await supervisor.links.get("counter-1")?.close();
    expect((await ended()).code).toBe(0);
  });

  test("two instances share the file", async () => {
    const supervisor = await setUp();
    await startWorker(supervisor);
    const { child } = { child: spawn(supervisor.spec({ instance: "counter-2" })) };
    await until("both are ready", () => supervisor.said("ready").length === 2);
    await Promise.all(Array.from({ length: 40 }, () => supervisor.call("POST", "/counters/a")));
    expect(await supervisor.text("GET", "/counters/a")).toBe('{"name":"a","value":40}');
    expect(child.exitCode).toBeNull();
  });
});
