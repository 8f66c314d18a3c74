/** The supervisor with real processes: a fake worker that misbehaves on demand. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceInfo } from "../control/api.ts";
import type { SupervisorConfig } from "../topology/model.ts";
import { MemoryTransport } from "../transport/memory.ts";
import { UnixTransport } from "../transport/unix.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import { fakeService, fakeTopology } from "./fixtures/topology.ts";
import { type HostedWorker, InProcessLauncher } from "./in-process-launcher.ts";
import { processStart } from "./process-identity.ts";
import { ProcessLauncher } from "./process-launcher.ts";
import { Supervisor } from "./supervisor.ts";

const fakeWorker = join(import.meta.dir, "fixtures/fake-worker.ts");
const onLinux = test.skipIf(process.platform !== "linux");
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "mc-sup-"));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function supervise(
  behaviours: Record<string, string>,
  config: Partial<SupervisorConfig> = {},
  dataDirectory = temporary(),
  instances = 1,
): Supervisor {
  const services = Object.entries(behaviours).map(([name, behaviour]) =>
    fakeService(name, { env: { BEHAVIOUR: behaviour }, instances }),
  );
  const supervisor = new Supervisor({
    topology: fakeTopology(services, config),
    launcher: new ProcessLauncher({ command: [process.execPath, fakeWorker] }),
    transport: new UnixTransport(),
    dataDirectory,
    mode: "processes",
    version: "0.0.0",
  });
  cleanups.push(() => supervisor.stop());
  return supervisor;
}

function of(supervisor: Supervisor, id: string): InstanceInfo {
  const found = supervisor.instances().find((instance) => instance.id === id);
  if (found === undefined) throw new Error(`no instance ${id}`);
  return found;
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("the condition never came true");
    await Bun.sleep(10);
  }
}

const pidsOf = (supervisor: Supervisor) => supervisor.instances().flatMap(({ pid }) => pid ?? []);
const isGone = (pid: number) => processStart(pid) === undefined;

describe("a run", () => {
  test("starts everything, tells addresses and leaves nothing behind", async () => {
    const data = temporary();
    const supervisor = supervise({ orders: "well", catalog: "well" }, {}, data);
    const ready = await supervisor.start();
    expect(ready.down).toEqual([]);
    expect(ready.gateway).toBe("http://127.0.0.1:40000");
    expect(ready.instances.map(({ id, state }) => `${id} ${state}`).sort()).toEqual([
      "broker-1 ready",
      "catalog-1 ready",
      "gateway-1 ready",
      "orders-1 ready",
    ]);
    expect(supervisor.registry.get("orders-1")).toMatchObject({ state: "ready", generation: 1 });
    const pids = pidsOf(supervisor);
    expect(new Set(pids).size).toBe(4);

    await supervisor.stop();
    await supervisor.stop();
    expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
    expect(readdirSync(join(data, "run"))).toEqual(["lock"]);
    expect(supervisor.instances().every(({ state }) => state === "stopped")).toBe(true);
  });

  test("goes on when an instance is killed: it comes back as the next generation", async () => {
    const supervisor = supervise({ orders: "well" });
    await supervisor.start();
    const { pid } = of(supervisor, "orders-1");
    process.kill(pid!, "SIGKILL");
    await until(() => of(supervisor, "orders-1").generation === 2);
    await until(() => of(supervisor, "orders-1").state === "ready");
    expect(of(supervisor, "orders-1")).toMatchObject({ restarts: 1, lastExit: "SIGKILL" });
    expect(of(supervisor, "orders-1").pid).not.toBe(pid);
    expect(supervisor.registry.get("orders-1")).toMatchObject({ state: "ready", generation: 2 });
  });

  test("finds a frozen instance and replaces it; one that is thawed in time goes on", async () => {
    const supervisor = supervise({ orders: "well" });
    await supervisor.start();
    const { pid } = of(supervisor, "orders-1");
    supervisor.freeze("orders-1");
    supervisor.thaw("orders-1");
    expect(of(supervisor, "orders-1")).toMatchObject({ pid, generation: 1 });
    supervisor.freeze("orders-1");
    await until(() => of(supervisor, "orders-1").generation === 2);
    await until(() => of(supervisor, "orders-1").state === "ready");
    expect(of(supervisor, "orders-1").lastExit).toContain("hung");
    expect(() => supervisor.freeze("orders-9")).toThrow("orders-9");
  });

  onLinux.each(["rest", "rest-hang"])("finds one that rests: %s", async (behaviour) => {
    const supervisor = supervise({ orders: behaviour });
    await supervisor.start();
    // It would be dead long before if its rest were taken for silence.
    if (behaviour === "rest") await Bun.sleep(1000);
    expect(of(supervisor, "orders-1").generation).toBe(1);
    if (behaviour === "rest") process.kill(of(supervisor, "orders-1").pid!, "SIGSTOP");
    await until(() => of(supervisor, "orders-1").generation === 2);
    expect(of(supervisor, "orders-1").lastExit).toBe("hung: 5 beats missed");
  });

  test("keeps the gateway's port across its restart", async () => {
    const supervisor = supervise({});
    await supervisor.start();
    const before = supervisor.gatewayUrl;
    await supervisor.restart("gateway");
    expect(of(supervisor, "gateway-1").state).toBe("ready");
    expect(supervisor.gatewayUrl).toBe(before);
  });
});

describe("a start that cannot be", () => {
  test("a second run on the same data is refused with the first's pid, and harms nothing", async () => {
    const data = temporary();
    const first = supervise({ orders: "well" }, {}, data);
    await first.start();
    const error = await supervise({ orders: "well" }, {}, data)
      .start()
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "already-running" });
    expect(String(error)).toContain(`pid ${process.pid}`);
    expect((await first.restart("orders"))[0]?.state).toBe("ready");
  });

  test("a gateway's port in use is named before anything is started, and the data stays free", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    cleanups.push(() => taken.stop(true));
    const data = temporary();
    const options = {
      topology: fakeTopology([]),
      launcher: new ProcessLauncher({ command: [process.execPath, fakeWorker] }),
      transport: new UnixTransport(),
      dataDirectory: data,
      mode: "processes",
      version: "0.0.0",
    } as const;
    const error = await new Supervisor({ ...options, gatewayPort: taken.port })
      .open()
      .catch((caught) => caught);
    expect(error).toMatchObject({ code: "port-in-use" });
    expect(String(error)).toContain(`Port ${taken.port}`);
    const free = new Supervisor(options);
    cleanups.push(() => free.stop());
    await free.open();
  });
});

describe("workers that misbehave", () => {
  test("one that cannot start ends in a crash loop; the rest runs; start revives it", async () => {
    const supervisor = supervise({ orders: "fail", catalog: "well" });
    const ready = await supervisor.start();
    expect(ready.down.map(({ id }) => id)).toEqual(["orders-1"]);
    expect(of(supervisor, "orders-1")).toMatchObject({
      state: "crash-loop",
      generation: 3,
      lastExit: "migration-failed: 0001.sql: no such table",
    });
    expect(of(supervisor, "catalog-1").state).toBe("ready");
    const [again] = await supervisor.startInstances("orders");
    expect(again).toMatchObject({ state: "crash-loop", generation: 6 });
  });

  test("one that exits tells its code and its last words", async () => {
    const supervisor = supervise({ orders: "crash" });
    await supervisor.start();
    expect(of(supervisor, "orders-1").lastExit).toBe("exit 3: out of cheese");
  });

  test("one that is never ready is killed and restarted", async () => {
    const supervisor = supervise({ orders: "mute" }, { startTimeoutMs: 1000, restart: oneDeath });
    await supervisor.start();
    expect(of(supervisor, "orders-1").lastExit).toBe("not ready within 1000 ms");
  });

  test("one whose event loop hangs is found and replaced", async () => {
    const supervisor = supervise({ orders: "hang" });
    await supervisor.start();
    const { pid } = of(supervisor, "orders-1");
    await until(() => of(supervisor, "orders-1").generation >= 2);
    expect(of(supervisor, "orders-1").lastExit).toBe("hung: 5 beats missed");
    expect(isGone(pid!)).toBe(true);
  });

  test("one that ignores the drain is killed in the end", async () => {
    const supervisor = supervise({ orders: "stubborn" }, { drainTimeoutMs: 200 });
    await supervisor.start();
    const { pid } = of(supervisor, "orders-1");
    const [stopped] = await supervisor.stopInstances("orders");
    expect(stopped).toMatchObject({ state: "stopped", lastExit: "not drained within 200 ms" });
    expect(isGone(pid!)).toBe(true);
  });

  test("one that fails its probes gets no calls, and stays alive", async () => {
    const probe = { intervalMs: 50, timeoutMs: 1000, failures: 2 };
    const supervisor = supervise({ orders: "sick" }, { probe });
    await supervisor.start();
    await until(() => supervisor.registry.get("orders-1")?.state === "unhealthy");
    expect(of(supervisor, "orders-1")).toMatchObject({ state: "unhealthy", generation: 1 });
  });

  test("one that a crash loop took can be killed, stopped and started without harm", async () => {
    const supervisor = supervise({ orders: "fail" });
    await supervisor.start();
    supervisor.kill("orders-1");
    expect((await supervisor.stopInstances("orders-1"))[0]?.state).toBe("stopped");
    expect((await supervisor.startInstances("orders-1"))[0]?.state).toBe("crash-loop");
  });
});

const oneDeath = { firstMs: 1, maxMs: 1, crashLoopDeaths: 1, windowMs: 60_000 };

describe("commands", () => {
  test("scale up numbers instances on, down drains the highest", async () => {
    const supervisor = supervise({ orders: "well" });
    await supervisor.start();
    const three = await supervisor.scale("orders", 3);
    expect(three.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "orders-1 ready",
      "orders-2 ready",
      "orders-3 ready",
    ]);
    const pids = three.map(({ pid }) => pid!);
    const one = await supervisor.scale("orders", 1);
    expect(one.map(({ id }) => id)).toEqual(["orders-1"]);
    expect(pids.map(isGone)).toEqual([false, true, true]);
    expect(supervisor.registry.get("orders-2")).toBeUndefined();
    expect((await supervisor.scale("orders", 2)).map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  test("restart of a service never has two instances away at once", async () => {
    const supervisor = supervise({ orders: "well" }, {}, temporary(), 3);
    await supervisor.start();
    let least = 3;
    supervisor.registry.watch(() => {
      const records = supervisor.registry.snapshot().instances;
      least = Math.min(least, records.filter((r) => r.service === "orders" && r.state === "ready").length);
    });
    const after = await supervisor.restart("orders");
    expect(after.map(({ generation }) => generation)).toEqual([2, 2, 2]);
    expect(least).toBe(2);
  });

  test("restart of a service ends early when an instance does not come back", async () => {
    const supervisor = supervise({ orders: "fail-later" }, {}, temporary(), 3);
    await supervisor.start();
    const after = await supervisor.restart("orders");
    expect(after.map(({ state }) => state)).toEqual(["crash-loop", "ready", "ready"]);
    expect(after.map(({ generation }) => generation)).toEqual([4, 1, 1]);
  });

  test("stop during a restart wins", async () => {
    const supervisor = supervise({ orders: "well" }, {}, temporary(), 2);
    await supervisor.start();
    const restarting = supervisor.restart("orders");
    await supervisor.stop();
    await restarting;
    expect(pidsOf(supervisor)).toEqual([]);
    await expect(supervisor.restart("orders")).rejects.toMatchObject({ code: "not-running" });
  });

  test("a wrong name is told with the nearest one", async () => {
    const supervisor = supervise({ orders: "well" });
    await supervisor.start();
    await expect(supervisor.scale("order", 2)).rejects.toThrow(
      'There is no service and no instance "order". Did you mean orders?',
    );
    await expect(supervisor.scale("orders", -1)).rejects.toMatchObject({ code: "bad-request" });
    await expect(supervisor.scale("broker", 2)).rejects.toMatchObject({ code: "bad-request" });
    await expect(supervisor.scale("gateway", 2)).rejects.toMatchObject({ code: "bad-request" });
  });

  test("a service that requires another starts after it, and not at all without it", async () => {
    const services = [
      fakeService("first"),
      fakeService("second", { requires: ["first"] }),
      fakeService("broken", { env: { BEHAVIOUR: "fail" } }),
      fakeService("orphan", { requires: ["broken"] }),
    ];
    const order: string[] = [];
    const supervisor = new Supervisor({
      topology: fakeTopology(services, { restart: oneDeath }),
      launcher: new ProcessLauncher({ command: [process.execPath, fakeWorker] }),
      transport: new UnixTransport(),
      dataDirectory: temporary(),
      mode: "processes",
      version: "0.0.0",
      changed: ({ id, state }) => order.push(`${id} ${state}`),
    });
    cleanups.push(() => supervisor.stop());
    const { down } = await supervisor.start();
    expect(down.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "broken-1 crash-loop",
      "orphan-1 stopped",
    ]);
    expect(order.indexOf("first-1 ready")).toBeLessThan(order.indexOf("second-1 starting"));
  });
});

describe("monolith mode", () => {
  /** A worker as an object, which says hello before its launcher has returned. */
  async function host(transport: MemoryTransport, spec: WorkerSpec): Promise<HostedWorker> {
    const gone = Promise.withResolvers<void>();
    const link = await transport.connect(spec.controlAddress, {
      self: { service: spec.service, instance: spec.instance, generation: spec.generation },
      handler: {
        call: (call) => call.reply({ ok: true }, null),
        notify: (_link, head) => {
          if ((head as { type: string }).type === "drain") void link.close().then(gone.resolve);
        },
        closed: () => gone.resolve(),
      },
    });
    link.notify({ type: "ready", address: spec.address, bootMs: 1, phases: {} });
    return { stop: () => link.close(), exited: gone.promise };
  }

  test("hosts, restarts, kills and scales workers in this process, without a socket", async () => {
    const transport = new MemoryTransport();
    const data = temporary();
    const supervisor = new Supervisor({
      topology: fakeTopology([fakeService("orders")]),
      launcher: new InProcessLauncher((spec) => host(transport, spec)),
      transport,
      dataDirectory: data,
      mode: "monolith",
      version: "0.0.0",
    });
    cleanups.push(() => supervisor.stop());
    expect((await supervisor.start()).down).toEqual([]);
    expect(new Set(pidsOf(supervisor))).toEqual(new Set([process.pid]));
    expect(readdirSync(join(data, "run")).sort()).toEqual(["holder.json", "lock"]);
    expect((await supervisor.scale("orders", 2)).map(({ state }) => state)).toEqual(["ready", "ready"]);
    expect((await supervisor.restart("orders")).map(({ generation }) => generation)).toEqual([2, 2]);
    supervisor.kill("orders-1");
    await until(() => of(supervisor, "orders-1").generation === 3);
    await until(() => of(supervisor, "orders-1").state === "ready");
    expect(of(supervisor, "orders-1").lastExit).toBe("SIGKILL");
  });
});

describe("output", () => {
  test("becomes log lines of service and instance, in memory and in files", async () => {
    const data = temporary();
    const supervisor = supervise({ orders: "chatty" }, {}, data);
    await supervisor.start();
    const lines = () => supervisor.logs.history({ service: "orders" }, 10);
    await until(() => lines().length === 3);
    expect(lines()[0]).toEqual({
      at: 1000,
      service: "orders",
      instance: "orders-1",
      level: "notice",
      message: "listen",
      fields: { n: 1 },
    });
    expect(
      lines()
        .slice(1)
        .map(({ level, message }) => `${level} ${message}`)
        .sort(),
    ).toEqual(["info plain words", "warn \ufffdA"]);
    await supervisor.stop();
    const file = await Bun.file(join(data, "logs/orders.ndjson")).text();
    expect(
      file
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).message),
    ).toContain("listen");
  });
});
