/** The control API over real HTTP, with a supervisor whose workers do nothing. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { Broker, DeadFilter, EventRecord } from "../bus/broker.ts";
import { decodeData } from "../bus/data.ts";
import type { CallContext, CallReceiver, CallRequest, Mesh } from "../calls/mesh.ts";
import { fakeService, fakeTopology } from "../supervisor/fixtures/topology.ts";
import { ProcessLauncher } from "../supervisor/process-launcher.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { UnixTransport } from "../transport/unix.ts";
import type { InstanceInfo, LogLine, RunInfo } from "./api.ts";
import { readControlFile } from "./control-file.ts";
import { findRun } from "./discovery.ts";
import { RunIndex } from "./run-index.ts";
import { ControlServer } from "./server.ts";
import type { Action } from "./timeline.ts";

const fakeWorker = join(import.meta.dir, "../supervisor/fixtures/fake-worker.ts");

/** A mesh that answers with what it was asked. */
class EchoMesh implements Mesh {
  send(service: string, request: CallRequest, context: CallContext, receiver: CallReceiver): void {
    this.call(service, request, context).then(
      (reply) => receiver.replied(reply),
      (error) => receiver.failed(error),
    );
  }

  async call(service: string, request: CallRequest, context: CallContext) {
    if (service === "nobody") throw new MicrocosmError("unknown-service", "There is no service nobody.");
    const body = JSON.stringify({ ...request, user: context.user });
    const headers = ["content-type", "application/json", "set-cookie", "a", "set-cookie", "b"];
    return { status: 201, headers, body: new TextEncoder().encode(body), instance: `${service}-1` };
  }
}

/** One topic, `news`, in an array. */
class ArrayBroker implements Broker {
  readonly events: Event[] = [];
  readonly listeners = new Set<() => void>();
  readonly asked: unknown[] = [];

  async publish(topic: string, record: EventRecord): Promise<number> {
    this.#check(topic);
    const offset = this.events.length;
    const { id, source, type, key } = record;
    const time = new Date(record.time).toISOString();
    const data = decodeData(record.data);
    this.events.push({ id, source, type, time, topic, offset, delivery: 1, data, ...(key ? { key } : {}) });
    for (const listener of this.listeners) listener();
    return offset;
  }
  async subscribe(options: Parameters<Broker["subscribe"]>[0]) {
    const listener = () => void options.handler({ event: this.events[this.events.length - 1]! });
    this.listeners.add(listener);
    return { stop: async () => void this.listeners.delete(listener) };
  }
  async topics() {
    const nextOffset = this.events.length;
    const none = { firstOffset: 0, messages: nextOffset, bytes: 0, dead: 0, subscriptions: [] };
    return [{ topic: "news", durability: "disk" as const, nextOffset, ...none }];
  }
  async read(topic: string, from: { offset: number } | { time: number }, limit: number) {
    this.#check(topic);
    const first = "offset" in from ? from.offset : 0;
    return this.events.slice(first, first + limit);
  }
  async dead(topic: string, limit: number, subscription?: string) {
    this.asked.push(["dead", topic, limit, subscription]);
    return [];
  }
  async replayDead(topic: string, which?: DeadFilter) {
    this.asked.push(["replayDead", topic, which]);
    return 2;
  }
  async purgeDead(topic: string, which?: DeadFilter) {
    this.asked.push(["purgeDead", topic, which]);
    return 3;
  }
  async replay(topic: string, subscription: string, from: unknown) {
    this.asked.push(["replay", topic, subscription, from]);
  }
  async stop() {}
  #check(topic: string): void {
    if (topic !== "news") throw new MicrocosmError("unknown-topic", `There is no topic ${topic}.`);
  }
}

let root: string;
let supervisor: Supervisor;
let broker: ArrayBroker;
let server: ControlServer;
let index: RunIndex;
let acts: string[];
let downs: number;
let token: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "mc-ctl-"));
  supervisor = new Supervisor({
    topology: fakeTopology([fakeService("orders", { env: { BEHAVIOUR: "chatty" } })]),
    launcher: new ProcessLauncher({ command: [process.execPath, fakeWorker] }),
    transport: new UnixTransport(),
    dataDirectory: join(root, "data"),
    mode: "processes",
    version: "0.0.0",
  });
  await supervisor.open();
  broker = new ArrayBroker();
  index = new RunIndex(join(root, "runs"));
  downs = 0;
  const down = () => {
    downs += 1;
  };
  acts = [];
  const acted = ({ text }: Action) => void acts.push(text);
  server = new ControlServer({ supervisor, mesh: new EchoMesh(), broker, port: 0, acted, down, index });
  await server.start();
  token = readControlFile(supervisor.runDirectory)!.token;
  await supervisor.start();
});

afterEach(async () => {
  await server.stop();
  await supervisor.stop();
  rmSync(root, { recursive: true, force: true });
});

function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

async function json<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

/** Reads `count` lines of an answer that may have no end. */
async function lines<T>(response: Response, count: number): Promise<T[]> {
  const found: T[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const part of parts) if (part !== "") found.push(JSON.parse(part));
    if (found.length >= count) break;
  }
  return found;
}

const instance = () => supervisor.instances().find(({ id }) => id === "orders-1")!;

describe("who may", () => {
  test("nobody without the token, or with another one", async () => {
    for (const authorization of ["", "Bearer", "Bearer x", `Basic ${token}`, `Bearer ${token}x`]) {
      const response = await ask("POST", "/api/instances/orders-1/kill", {}, { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
    }
    expect(instance().generation).toBe(1);
  });

  test("no page of another origin, even with the token", async () => {
    for (const origin of ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"]) {
      for (const authorization of [`Bearer ${token}`, ""]) {
        const headers = { origin, authorization };
        expect((await ask("POST", "/api/instances/orders-1/kill", {}, headers)).status).toBe(403);
        expect((await ask("OPTIONS", "/api/instances/orders-1/kill", undefined, headers)).status).toBe(403);
      }
    }
    expect(instance()).toMatchObject({ generation: 1, state: "ready" });
  });

  test("no host but loopback's names, so a name that was made to resolve here does not help", async () => {
    const { port } = new URL(server.url);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1:1", "127.0.0.1"]) {
      expect((await ask("GET", "/api/run", undefined, { host })).status).toBe(403);
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      const headers = { host, origin: `http://${host}` };
      expect((await ask("GET", "/api/run", undefined, headers)).status).toBe(200);
    }
  });

  test("only this machine: it listens on 127.0.0.1 alone", async () => {
    const { port } = new URL(server.url);
    const refused = await new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.2", port: Number(port) });
      socket.on("connect", () => resolve(false)).on("error", () => resolve(true));
    });
    expect(refused).toBe(true);
  });

  test("the token's file is readable by its owner only and goes with the run", async () => {
    expect(statSync(join(supervisor.runDirectory, "control.json")).mode & 0o777).toBe(0o600);
    expect(statSync(supervisor.runDirectory).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(readControlFile(supervisor.runDirectory)).toBeUndefined();
    expect(index.list()).toEqual([]);
  });
});

describe("the run", () => {
  test("tells about itself and is found without knowing where it is", async () => {
    const run = await json<RunInfo>(ask("GET", "/api/run"));
    expect(run).toMatchObject({ name: "test", pid: process.pid, mode: "processes", control: server.url });
    expect(run.gateway).toBe("http://127.0.0.1:40000");
    const topology = await json<{ services: object }>(ask("GET", "/api/topology"));
    expect(Object.keys(topology.services)).toEqual(["orders"]);
    const found = await findRun({ index, directory: root });
    expect(found).toMatchObject({ token, url: server.url, dataDirectory: run.dataDirectory });
    expect(await findRun({ dataDirectory: join(root, "data") })).toEqual(found);
  });

  test("ends on demand, after the answer", async () => {
    expect((await ask("POST", "/api/down")).status).toBe(202);
    while (downs === 0) await Bun.sleep(1);
    expect(downs).toBe(1);
  });

  test("a port in use is named", async () => {
    const port = Number(new URL(server.url).port);
    const second = new ControlServer({ supervisor, mesh: new EchoMesh(), broker, port, down() {}, index });
    const error = await second.start().catch((caught: unknown) => caught as MicrocosmError);
    expect(error).toMatchObject({ code: "port-in-use" });
    expect((error as MicrocosmError).message).toContain(String(port));
  });
});

describe("instances", () => {
  test("are listed, scaled, restarted, stopped, started and killed", async () => {
    const list = await json<InstanceInfo[]>(ask("GET", "/api/instances"));
    expect(list.map(({ id }) => id)).toEqual(["gateway-1", "broker-1", "orders-1"]);

    const two = await json<InstanceInfo[]>(ask("POST", "/api/services/orders/scale", { instances: 2 }));
    expect(two.map(({ id, state }) => `${id} ${state}`)).toEqual(["orders-1 ready", "orders-2 ready"]);

    const restarted = await json<InstanceInfo>(ask("POST", "/api/instances/orders-2/restart"));
    expect(restarted).toMatchObject({ id: "orders-2", generation: 2, state: "ready" });

    const stopped = await json<InstanceInfo[]>(ask("POST", "/api/services/orders/stop"));
    expect(stopped.map(({ state }) => state)).toEqual(["stopped", "stopped"]);
    const started = await json<InstanceInfo[]>(ask("POST", "/api/services/orders/start"));
    expect(started.map(({ state }) => state)).toEqual(["ready", "ready"]);

    const { pid } = instance();
    expect((await ask("POST", "/api/instances/orders-1/kill")).status).toBe(200);
    while (instance().pid === pid || instance().state !== "ready") await Bun.sleep(10);
    expect(instance().lastExit).toBe("SIGKILL");
  });

  test("that are not there, or input that makes no sense, are told as problems", async () => {
    type Answer = { type: string; detail: string; status: number };
    const unknown = await ask("POST", "/api/services/order/restart");
    expect(unknown.status).toBe(404);
    expect((await json<Answer>(unknown)).detail).toContain("Did you mean orders?");
    expect((await ask("POST", "/api/services/orders-1/restart")).status).toBe(404);
    expect((await ask("POST", "/api/instances/orders/restart")).status).toBe(404);
    expect((await ask("GET", "/api/nothing")).status).toBe(404);
    for (const body of [
      "{",
      { instances: "2" },
      { instances: 1.5 },
      { instances: -1 },
      {},
      { instances: 1, x: 1 },
    ]) {
      const response = await ask("POST", "/api/services/orders/scale", body);
      expect(response.status).toBe(400);
      expect((await json<Answer>(response)).type).toEndWith("/bad-request");
    }
  });
});

describe("logs", () => {
  test("end with the last line, or go on with follow", async () => {
    while (supervisor.logs.history({ service: "orders" }, 10).length < 3) await Bun.sleep(5);
    const past = await lines<LogLine>(await ask("GET", "/api/logs?service=orders&lines=2"), 99);
    expect(past).toHaveLength(2);
    const followed = await ask("GET", "/api/logs?lines=0&follow=1&level=error");
    supervisor.log("info", "not graver");
    supervisor.log("error", "seen");
    expect(await lines<LogLine>(followed, 1)).toMatchObject([{ service: "supervisor", message: "seen" }]);
    expect((await ask("GET", "/api/logs?level=loud")).status).toBe(400);
    expect((await ask("GET", "/api/logs?lines=-1")).status).toBe(400);
  });

  test("that are followed end with the server", async () => {
    const followed = await ask("GET", "/api/logs?lines=0&follow=1");
    const ended = lines(followed, 1);
    await server.stop();
    expect(await ended.catch(() => [])).toEqual([]);
  });
});

describe("calls", () => {
  test("go out over the mesh as the given user", async () => {
    const user = { id: "u1", roles: ["admin"] };
    const input = {
      service: "orders",
      method: "post",
      path: "/x?y=1",
      headers: { "X-A": "1" },
      body: "hi",
      user,
    };
    const output = await json<{ body: string }>(ask("POST", "/api/call", input));
    expect(output).toMatchObject({ status: 201, instance: "orders-1", headers: { "set-cookie": "a, b" } });
    expect(JSON.parse(output.body)).toEqual({
      method: "POST",
      path: "/x?y=1",
      headers: ["x-a", "1"],
      body: "hi",
      user,
    });
  });

  test("that cannot be made are told as problems", async () => {
    const call = (more: object) =>
      ask("POST", "/api/call", { service: "orders", method: "GET", path: "/", ...more });
    expect((await call({ service: "nobody" })).status).toBe(502);
    expect((await call({ path: "x" })).status).toBe(400);
    expect((await call({ method: "GE T" })).status).toBe(400);
    expect((await call({ headers: { a: "b\r\nc: d" } })).status).toBe(400);
  });
});

describe("the bus", () => {
  const topic = "/api/bus/topics/news";

  test("takes events and gives them back, from a place and as they come", async () => {
    for (const n of [1, 2, 3]) {
      const published = await ask("POST", `${topic}/events`, { data: { n }, key: "k" });
      expect(published.status).toBe(201);
      expect(await published.json()).toMatchObject({ offset: n - 1 });
    }
    const all = await lines<Event>(await ask("GET", `${topic}/events?offset=1&limit=1`), 99);
    expect(all).toMatchObject([{ offset: 1, source: "/supervisor", key: "k", data: { n: 2 } }]);

    const followed = await ask("GET", `${topic}/events?follow=1`);
    while (broker.listeners.size === 0) await Bun.sleep(1);
    const both = lines<Event>(followed, 2);
    await Bun.sleep(20);
    await ask("POST", `${topic}/events`, { data: { n: 4 } });
    await ask("POST", `${topic}/events`, { data: { n: 5 } });
    expect((await both).map((event) => event.data)).toEqual([{ n: 4 }, { n: 5 }]);
    while (broker.listeners.size > 0) await Bun.sleep(1);
  });

  test("lists topics, looks into, replays and purges dead letters, moves a cursor", async () => {
    expect(await json<object>(ask("GET", "/api/bus/topics"))).toMatchObject([{ topic: "news" }]);
    expect(await json<object>(ask("GET", `${topic}/dead?limit=7`))).toEqual([]);
    expect(await json<object>(ask("POST", `${topic}/dead/replay`))).toEqual({ count: 2 });
    const which = { ids: ["a"], subscription: "s" };
    expect(await json<object>(ask("GET", `${topic}/dead?subscription=s`))).toEqual([]);
    expect(await json<object>(ask("POST", `${topic}/dead/purge`, which))).toEqual({ count: 3 });
    expect((await ask("POST", `${topic}/replay`, { subscription: "s", offset: 4 })).status).toBe(200);
    expect(broker.asked).toEqual([
      ["dead", "news", 7, undefined],
      ["replayDead", "news", {}],
      ["dead", "news", 100, "s"],
      ["purgeDead", "news", which],
      ["replay", "news", "s", { offset: 4 }],
    ]);
    expect((await ask("POST", `${topic}/events`, { data: 1 })).status).toBe(201);
    // All of it stands on the timeline.
    expect(acts).toEqual([
      "replay 2 dead letters of news",
      "discard 3 dead letters of s in news",
      "replay news for s from offset 4",
      "publish to news",
    ]);
  });

  test("refuses what makes no sense", async () => {
    expect((await ask("GET", "/api/bus/topics/other/events")).status).toBe(422);
    expect((await ask("POST", "/api/bus/topics/other/events", { data: 1 })).status).toBe(422);
    expect((await ask("POST", `${topic}/events`, {})).status).toBe(400);
    expect((await ask("POST", `${topic}/replay`, { subscription: "s" })).status).toBe(400);
    expect((await ask("POST", `${topic}/replay`, { subscription: "s", offset: 1, time: 1 })).status).toBe(
      400,
    );
    expect((await ask("GET", `${topic}/events?offset=-1`)).status).toBe(400);
  });
});
