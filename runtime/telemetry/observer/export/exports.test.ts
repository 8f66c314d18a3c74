import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../../virtual-clock.ts";
import { span, traceId } from "../spans-fixture.ts";
import { Tally } from "../tally.ts";
import { Totals } from "../totals.ts";
import { Exports } from "./exports.ts";
import { Outlet } from "./outlet.ts";

const log = {
  at: 0,
  level: "warn" as const,
  message: "hm",
  service: "a",
  instance: "a-1",
  fields: { "x.y": 1 },
};

describe("an outlet", () => {
  const made = (outcomes: ("done" | "again" | "refused")[], maxWaiting = 100) => {
    const clock = new VirtualClock();
    const tally = new Tally();
    const delivered: number[][] = [];
    const warned: string[] = [];
    const outlet = new Outlet<number>({
      name: "there",
      tally,
      clock,
      maxWaiting,
      warn: (message) => void warned.push(message),
      deliver: async (items) => {
        delivered.push([...items]);
        return outcomes.shift() ?? "done";
      },
    });
    return { clock, tally, delivered, warned, outlet };
  };

  test("tries again, ever less often, in order, and says so once", async () => {
    const { clock, delivered, warned, outlet } = made(["again", "again", "done"]);
    outlet.push([1, 2]);
    await clock.pass(1000);
    outlet.push([3]);
    await clock.pass(1000);
    await clock.pass(1000);
    expect(delivered).toHaveLength(2);
    await clock.pass(1000);
    expect(delivered).toEqual([
      [1, 2],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(warned).toEqual(["there: cannot be reached, is tried again", "there: works again"]);
    await outlet.stop();
  });

  test("keeps no more than its bound while nobody takes anything, and counts the rest", async () => {
    const { clock, tally, outlet } = made(new Array(50).fill("again"), 10);
    for (let n = 0; n < 20; n++) {
      outlet.push([n, n, n]);
      await clock.pass(1000);
      expect(outlet.waiting).toBeLessThanOrEqual(10);
    }
    expect(tally.of("export")).toBe(50);
    await outlet.stop();
    expect(tally.of("export")).toBe(60);
  });

  test("a refused batch does not hold up the next one", async () => {
    const { clock, tally, delivered, outlet } = made(["refused"]);
    outlet.push([1]);
    await clock.pass(1000);
    outlet.push([2]);
    await clock.pass(1000);
    expect(delivered).toEqual([[1], [2]]);
    expect(tally.of("export")).toBe(1);
    await outlet.stop();
    await outlet.stop();
  });
});

test("a receiver that says yes and refuses some is believed in both", async () => {
  const clock = new VirtualClock();
  const tally = new Tally();
  const answers: Record<string, object> = {
    "/_bulk": {
      errors: true,
      items: [{ create: { status: 201 } }, { create: { status: 400, error: { type: "mapper_parsing" } } }],
    },
    "/v1/logs": { partialSuccess: { rejectedLogRecords: "2", errorMessage: "no" } },
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => Response.json(answers[new URL(request.url).pathname] ?? {}),
  });
  const url = `http://127.0.0.1:${server.port}`;
  const warned: string[] = [];
  const exports = new Exports({
    config: { otlp: { url, headers: {} }, elasticsearch: { url, index: "logs", headers: {} } },
    totals: () => [],
    tally,
    clock,
    warn: (message) => void warned.push(message),
  });
  exports.logs([log, log]);
  await exports.stop();
  await server.stop(true);
  expect(tally.of("export")).toBe(3);
  expect(warned.sort()).toEqual(["Elasticsearch: refuses 1 of 2", "OTLP logs: refuses 2 of 2"]);
});

describe("exports", () => {
  let folder: string;
  let server: Bun.Server<undefined>;
  let heard: { path: string; body: string; key: string | null }[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mc-export-"));
    heard = [];
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const key = request.headers.get("x-key");
        heard.push({ path: new URL(request.url).pathname, body: await request.text(), key });
        return new Response("{}");
      },
    });
  });

  afterEach(async () => {
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test("go to each place in its own words, and what waits goes when it ends", async () => {
    const url = `http://127.0.0.1:${server.port}`;
    const totals = new Totals(10);
    totals.add(
      { name: "c", kind: "counter", unit: "1", labels: { service: "a", instance: "a-1" }, value: 3 },
      0,
    );
    const file = join(folder, "logs", "ecs.json");
    const exports = new Exports({
      config: {
        otlp: { url: `${url}/`, headers: { "x-key": "k" } },
        zipkin: { url },
        ecs: { file },
        elasticsearch: { url, index: "logs", headers: {} },
      },
      totals: () => totals.all(),
      tally: new Tally(),
      clock: new VirtualClock(),
      warn: () => {},
    });
    exports.start();
    exports.spans([span({ status: "error", parentSpanId: "2".repeat(16) })]);
    exports.logs([log]);
    await exports.stop();
    await exports.stop();
    const sent = new Map(heard.map(({ path, body }) => [path, body]));
    expect([...sent.keys()].sort()).toEqual([
      "/_bulk",
      "/api/v2/spans",
      "/v1/logs",
      "/v1/metrics",
      "/v1/traces",
    ]);
    expect(heard.find(({ path }) => path === "/v1/traces")?.key).toBe("k");
    expect(JSON.parse(sent.get("/v1/traces")!).resourceSpans[0].scopeSpans[0].spans[0]).toMatchObject({
      traceId: traceId(1),
      kind: 2,
      status: { code: 2 },
      startTimeUnixNano: "1700000000000000000",
    });
    expect(JSON.parse(sent.get("/v1/metrics")!).resourceMetrics[0].scopeMetrics[0].metrics[0]).toMatchObject({
      name: "c",
      sum: { isMonotonic: true, dataPoints: [{ asDouble: 3 }] },
    });
    expect(JSON.parse(sent.get("/api/v2/spans")!)[0]).toMatchObject({
      kind: "SERVER",
      parentId: "2".repeat(16),
      timestamp: 1_700_000_000_000_000,
      duration: 5000,
      localEndpoint: { serviceName: "orders" },
      tags: { error: "true" },
    });
    const document = {
      "@timestamp": "1970-01-01T00:00:00.000Z",
      "log.level": "warn",
      message: "hm",
      "service.name": "a",
      labels: { x_y: "1" },
    };
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject(document);
    const [action, line, end] = sent.get("/_bulk")!.split("\n");
    expect(JSON.parse(action!)).toEqual({ create: { _index: "logs" } });
    expect(JSON.parse(line!)).toMatchObject(document);
    expect(end).toBe("");
  });
});
