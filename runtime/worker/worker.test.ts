import { afterEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { encodeData } from "../bus/data.ts";
import { MemoryTransport } from "../transport/memory.ts";
import { brokerRole } from "./broker-role.ts";
import { bodyText, FakeSupervisor, telemetry, until } from "./fixtures/harness.ts";
import { hostWorker } from "./host.ts";
import { serviceRole } from "./service-role.ts";
import type { WorkerSpec } from "./spec.ts";
import type { Worker } from "./worker.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const roleOf = async (spec: WorkerSpec) => (spec.role === "broker" ? brokerRole(spec) : serviceRole(spec));

async function setUp() {
  const transport = new MemoryTransport();
  const supervisor = await new FakeSupervisor(transport).start();
  cleanups.push(() => supervisor.stop());
  const lines: string[] = [];
  const host = async (spec: WorkerSpec): Promise<Worker> => {
    const worker = await hostWorker(spec, roleOf, transport, (_stream, line) => lines.push(line));
    cleanups.push(() => worker.stop());
    return worker;
  };
  const broker = () => host(supervisor.spec({ role: "broker", service: "broker", instance: "broker-1" }));
  return { supervisor, host, broker, lines };
}

describe("Worker", () => {
  test("answers a call from its SQLite file", async () => {
    const { supervisor, host } = await setUp();
    await host(supervisor.spec());
    expect(await supervisor.text("POST", "/counters/a")).toBe('{"name":"a","value":1}');
    expect(await supervisor.text("GET", "/counters/a")).toBe('{"name":"a","value":1}');
    const file = new Database(join(supervisor.directory, "counter.sqlite"), { readonly: true });
    expect(file.query("SELECT * FROM counters").all()).toEqual([{ name: "a", value: 1 }]);
    file.close();
  });

  test("says how long each phase of its start took, and beats", async () => {
    const { supervisor, host } = await setUp();
    await host(supervisor.spec());
    await until("it beat", () => supervisor.said("beat").length >= 2);
    const [ready] = supervisor.said("ready");
    expect(Object.keys(ready?.phases ?? {})).toEqual(["loaded", "migrated", "started", "listening"]);
    expect(ready?.bootMs).toBeGreaterThan(0);
    expect(supervisor.said("beat")[0]?.rssBytes).toBeGreaterThan(1e6);
  });

  test("an event goes from the outbox over the broker to a subscription, once", async () => {
    const { supervisor, host, broker } = await setUp();
    await broker();
    await host(supervisor.spec());
    await supervisor.text("POST", "/counters/a");
    await until("it was seen", async () => (await supervisor.call("GET", "/counters/seen:a")).status === 200);
    expect(await supervisor.text("GET", "/counters/seen:a")).toBe('{"name":"seen:a","value":1}');
  });

  test("without a broker it serves; the event leaves when the broker is there", async () => {
    const { supervisor, host, broker } = await setUp();
    await host(supervisor.spec());
    expect((await supervisor.call("POST", "/counters/a")).status).toBe(201);
    await broker();
    await until("it was seen", async () => (await supervisor.call("GET", "/counters/seen:a")).status === 200);
  });

  test("an event that a sibling left behind when it died leaves once the registry tells of the death", async () => {
    const { supervisor, host, broker } = await setUp();
    await broker();
    await host(supervisor.spec());
    const file = new Database(join(supervisor.directory, "counter.sqlite"));
    file.run(
      "INSERT INTO microcosm_outbox (topic, event_id, source, type, time, data) VALUES (?, ?, ?, ?, ?, ?)",
      ["counter.changed", "left-1", "/counter", "counter.changed", 1, encodeData({ name: "left", value: 1 })],
    );
    file.close();
    supervisor.changed("counter-2", "stopped");
    await until(
      "it was seen",
      async () => (await supervisor.call("GET", "/counters/seen:left")).status === 200,
    );
  });

  test("rests without work, and says that it is awake before it begins a call", async () => {
    const { supervisor, host } = await setUp();
    const spec = supervisor.spec();
    await host({ ...spec, supervisor: { ...spec.supervisor, restMs: 60_000 } });
    await until("it rests", () => supervisor.said("beat").at(-1)?.restMs === 60_000);
    const before = supervisor.said("beat").length;
    await supervisor.call("GET", "/counters/a");
    await until("it beats", () => supervisor.said("beat").length > before);
    expect(supervisor.said("beat")[before]?.restMs).toBeUndefined();
    await until("it rests again", () => supervisor.said("beat").at(-1)?.restMs === 60_000);
    supervisor.links.get("counter-1")?.notify({ type: "rouse" });
    await until("it beats when asked", () => supervisor.said("beat").at(-1)?.restMs === undefined);
  });

  test("drain lets a call end, refuses new ones, runs stop and says how many were left", async () => {
    const { supervisor, host, lines } = await setUp();
    const worker = await host(supervisor.spec());
    const slow = supervisor.call("GET", "/slow/100");
    await until("it is under way", () => supervisor.said("beat").some((beat) => beat.pending > 0));
    supervisor.links.get("counter-1")?.notify({ type: "drain", timeoutMs: 5000 });
    expect(await bodyText(await slow)).toBe("slept");
    expect(await worker.exited).toBe("ended");
    await until("it said so", () => supervisor.said("drained").length === 1);
    expect(supervisor.said("drained")[0]?.unfinished).toBe(0);
    expect(lines.map((line) => JSON.parse(line).message)).toContain("stopped");
  });

  test("a call that outlasts the drain is counted", async () => {
    const { supervisor, host } = await setUp();
    await host(supervisor.spec());
    const slow = supervisor.call("GET", "/slow/3000").catch((error) => error.code);
    await until("it is under way", () => supervisor.said("beat").some((beat) => beat.pending > 0));
    supervisor.links.get("counter-1")?.notify({ type: "drain", timeoutMs: 20 });
    await until("it said so", () => supervisor.said("drained").length === 1);
    expect(supervisor.said("drained")[0]?.unfinished).toBe(1);
    await supervisor.mesh.stop();
    expect(await slow).toBe("link-closed");
  });

  test("ends by itself when the control link closes", async () => {
    const { supervisor, host } = await setUp();
    const worker = await host(supervisor.spec());
    await supervisor.links.get("counter-1")?.close();
    expect(await worker.exited).toBe("ended");
  });

  test("stopped while it starts, it leaves nothing open", async () => {
    const { supervisor, host, lines } = await setUp();
    const spec = supervisor.spec();
    const starting = host({ ...spec, config: { ...spec.config!, env: { SLOW_START: "50" } } });
    await until("it is linked", () => supervisor.links.has("counter-1"));
    supervisor.links.get("counter-1")?.notify({ type: "drain", timeoutMs: 5000 });
    expect(await (await starting).exited).toBe("ended");
    expect(supervisor.said("ready")).toEqual([]);
    expect(lines.map((line) => JSON.parse(line).message)).toContain("stopped");
  });

  test("answers probes with the service's health", async () => {
    const { supervisor, host } = await setUp();
    await host(supervisor.spec());
    const link = supervisor.links.get("counter-1");
    const answer = await new Promise((resolve, reject) =>
      link?.call({ type: "probe" }, null, 0, { reply: resolve, fail: reject }),
    );
    expect(answer).toEqual({ ok: true });
  });

  test.each([
    ["a module that is not there", { source: "/nowhere.ts" }, "service-load-failed"],
    ["a start() that throws", { env: { FAIL_START: "1" } }, "service-load-failed"],
  ])("%s: the supervisor is told, and the worker is over", async (_name, config, code) => {
    const { supervisor, host } = await setUp();
    const spec = supervisor.spec();
    const worker = await host({ ...spec, config: { ...spec.config!, ...config } });
    expect(await worker.exited).toBe("failed");
    await until("it said so", () => supervisor.said("failed").length === 1);
    expect(supervisor.said("failed")[0]?.code).toBe(code);
    expect(supervisor.said("ready")).toEqual([]);
  });

  test("a start that fails is told to the observer, with all that was written before", async () => {
    const { supervisor, host } = await setUp();
    const spec = supervisor.spec(telemetry);
    const failing = host({ ...spec, config: { ...spec.config!, env: { FAIL_START: "1" } } });
    const heard = await supervisor.observe();
    expect(await (await failing).exited).toBe("failed");
    await until("it is told", () => heard.includes("Cannot start: asked to fail"));
    expect(heard[0]).toBe("Migrated");
  });

  test("a subscription to a topic that does not exist is told at the start", async () => {
    const { supervisor, host } = await setUp();
    const worker = await host(supervisor.spec({ topics: { topics: {} } }));
    expect(await worker.exited).toBe("failed");
    await until("it said so", () => supervisor.said("failed").length === 1);
    expect(supervisor.said("failed")[0]).toMatchObject({ code: "unknown-topic" });
  });

  test("a stream ends in the service when its caller lets go", async () => {
    const { supervisor, host, lines } = await setUp();
    await host(supervisor.spec());
    const reply = await supervisor.call("GET", "/ticks");
    expect(reply.body).toBeInstanceOf(ReadableStream);
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toStartWith("data: 0");
    await reader.cancel();
    await until("it ended", () => lines.some((line) => line.includes("ticks ended")));
  });
});
