/** The shop's telemetry as a browser, a scraper and a process in another language meet it at the control address. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { PublishedByHand } from "../../runtime/control/api.ts";
import type {
  ListedTrace,
  LiveGraph,
  ObserverStats,
  Series,
  TimelineEntry,
  TraceDetail,
} from "../../runtime/telemetry/query.ts";
import { eventually, main, Run, root } from "../kit/run.ts";

let folder: string;
let run: Run;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-telemetry-"));
  // The shop with every trace kept, and its log lines in a file.
  const text = readFileSync(join(root, "topology.yaml"), "utf8")
    .replaceAll("services/", `${join(root, "services")}/`)
    .replace(/^telemetry:\n( .*\n)*/m, "");
  const topology = join(folder, "topology.yaml");
  writeFileSync(topology, `${text}\ntelemetry:\n  sample: 1\n  export:\n    ecs: { file: ecs.json }\n`);
  run = await Run.start({ topology });
  token = JSON.parse(readFileSync(join(run.data, "run", "control.json"), "utf8")).token as string;
});

afterAll(async () => {
  await run.stop();
  rmSync(folder, { recursive: true, force: true });
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(init.headers as Record<string, string> | undefined),
  };
  return fetch(run.control + path, { ...init, headers });
}

async function json<T>(path: string): Promise<T> {
  const answer = await ask(`/api/telemetry${path}`);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

const byService = (a: { readonly service: string }, b: { readonly service: string }) =>
  a.service < b.service ? -1 : 1;
const traceOf = (number: number) => number.toString(16).padStart(32, "a");

/** A request as an instrumented client outside makes it. */
async function request(number: number): Promise<string> {
  const traceId = traceOf(number);
  const traceparent = `00-${traceId}-${"b".repeat(16)}-01`;
  const answer = await fetch(`${run.gateway}/v1/products?search=${number}`, { headers: { traceparent } });
  await answer.arrayBuffer();
  return traceId;
}

const settled = (traceId: string, spans: number) =>
  eventually(`${spans} spans of ${traceId}`, async () => {
    const answer = await ask(`/api/telemetry/traces/${traceId}`);
    if (answer.status === 404) return undefined;
    const detail = (await answer.json()) as TraceDetail;
    return detail.spans.length >= spans ? detail : undefined;
  });

describe("the shop's telemetry", () => {
  test("a request is one trace from the gateway to the database", async () => {
    const { summary, spans } = await settled(await request(1), 3);
    expect(summary).toMatchObject({ rootService: "gateway", status: "ok", httpStatus: 200 });
    expect(summary.services).toEqual(["catalog", "gateway"]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    expect(spans[0]?.parentSpanId).toBe("b".repeat(16));
  });

  test("a process outside puts its spans into the same trace, by OTLP", async () => {
    const traceId = await request(2);
    const now = BigInt(Date.now()) * 1_000_000n;
    const span = {
      traceId,
      spanId: "b".repeat(16),
      name: "checkout in python",
      kind: 3,
      startTimeUnixNano: String(now - 1_000_000_000n),
      endTimeUnixNano: String(now),
    };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "python" } }] };
    const body = gzipSync(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const answer = await ask("/v1/traces", { method: "POST", body, headers });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    const { summary, orphans } = await settled(traceId, 4);
    expect(summary).toMatchObject({ name: "checkout in python", rootService: "python" });
    expect(summary.services).toEqual(["catalog", "gateway", "python"]);
    expect(orphans).toBe(0);
  });

  test("what is no OTLP is refused with what is wrong, and counted", async () => {
    const post = async (body: BodyInit, headers: Record<string, string> = {}) => {
      const all = { "content-type": "application/json", ...headers };
      const answer = await ask("/v1/traces", { method: "POST", body, headers: all });
      return [answer.status, ((await answer.json()) as { message: string }).message];
    };
    expect(await post("{")).toEqual([400, expect.stringContaining("not JSON")]);
    expect(await post(new Uint8Array([10, 255, 127]), { "content-type": "application/x-protobuf" })).toEqual([
      400,
      expect.stringContaining("no protobuf"),
    ]);
    expect(await post("x", { "content-encoding": "gzip" })).toEqual([400, expect.stringContaining("gzip")]);
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await post(bomb, { "content-encoding": "gzip" })).toEqual([
      400,
      expect.stringContaining("at most"),
    ]);
    expect((await post("x".repeat(5_000_000)))[0]).toBe(413);
    expect((await json<ObserverStats>("/stats")).dropped.malformed).toBeGreaterThan(0);
    expect((await fetch(`${run.control}/v1/traces`, { method: "POST" })).status).toBe(401);
    expect((await fetch(`${run.control}/metrics`)).status).toBe(401);
  });

  test("the graph, charts and the scrape show the requests", async () => {
    const from = Date.now() - 5000;
    for (let n = 100; n < 200; n++) await request(n);
    const graph = await eventually("requests in the graph", async () => {
      const found = await json<LiveGraph>("/graph?windowMs=20000");
      return found.edges.some(({ from: caller, to }) => caller === "gateway" && to === "catalog")
        ? found
        : undefined;
    });
    const catalog = graph.nodes.find(({ service }) => service === "catalog");
    expect(catalog?.instances).toMatchObject([{ id: "catalog-1", state: "ready", generation: 1 }]);
    expect(graph.nodes.map(({ service }) => service)).toContain("observer");
    // Each process reports for itself: the service's figures may be there before the gateway's.
    await eventually("the gateway in a chart", async () => {
      const query = `metric=http.server.request.duration&by=service&stat=p99&stepMs=1000&from=${from}&to=${Date.now()}`;
      const series = await json<Series[]>(`/series?${query}`);
      return series.some(({ labels }) => labels.service === "gateway") ? true : undefined;
    });

    const plain = await ask("/metrics");
    expect(plain.headers.get("content-type")).toContain("text/plain");
    const text = await plain.text();
    expect(text).toContain('http_server_request_duration_seconds_count{instance="gateway-1"');
    const open = await ask("/metrics", {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    expect(open.headers.get("content-type")).toContain("openmetrics");
    expect(await open.text()).toMatch(/# \{trace_id="[0-9a-f]{32}",span_id="[0-9a-f]{16}"\}/);
    if (Bun.which("promtool") === null) return;
    const lint = Bun.spawnSync(["promtool", "check", "metrics"], { stdin: new Blob([text]) });
    expect(lint.stdout.toString() + lint.stderr.toString()).toBe("");
    expect(lint.exitCode).toBe(0);
  });

  test("an event published by hand begins a trace of each delivery, of the one that empties the gateway's cache too", async () => {
    const product = { productId: "p-hand", name: "Hand", priceCents: 1, currency: "EUR", initialStock: 1 };
    const topic = "product.created";
    const { stdout } = await run.cli("bus", "publish", topic, JSON.stringify(product), "--json");
    const { traceId } = JSON.parse(stdout) as PublishedByHand;
    const { summary, spans, orphans } = await settled(traceId!, 4);
    expect(orphans).toBe(0);
    expect(summary).toMatchObject({ name: `publish ${topic}`, rootService: "supervisor", status: "ok" });
    const [publish] = spans;
    const handled = spans.filter(({ kind }) => kind === "consumer").toSorted(byService);
    expect(handled.map(({ service, name }) => [service, name])).toEqual([
      ["gateway", `process ${topic}`],
      ["inventory", `process ${topic}`],
    ]);
    for (const [place, subscription] of ["gateway-1-cache", "inventory"].entries()) {
      expect(handled[place]).toMatchObject({
        parentSpanId: publish!.spanId,
        links: [{ traceId, spanId: publish!.spanId }],
        attributes: {
          "messaging.message.id": publish!.attributes["messaging.message.id"],
          "messaging.consumer.group.name": subscription,
        },
      });
    }
    await eventually("the delivery in a chart", async () => {
      const range = `by=topic,subscription&stat=rate&stepMs=1000&from=${Date.now() - 60_000}&to=${Date.now()}`;
      const series = await json<Series[]>(`/series?metric=messaging.process.duration&${range}`);
      return series.some(({ labels }) => labels.subscription === "gateway-1-cache") ? true : undefined;
    });
  });

  test("a call by hand is whole as well, and a service's durations are told by its own routes", async () => {
    expect((await run.cli("call", "catalog", "GET", "/products/none")).code).toBe(1);
    const trace = await eventually("the call's trace", async () => {
      const [found] = await json<ListedTrace[]>("/traces?service=supervisor&route=/products/{id}");
      return found;
    });
    const { spans, orphans } = await settled(trace.traceId, 3);
    expect(orphans).toBe(0);
    expect(spans.map(({ service, name }) => [service, name]).slice(0, 2)).toEqual([
      ["supervisor", "GET catalog"],
      ["catalog", "GET /products/{id}"],
    ]);
    await eventually("the route in the scrape", async () => {
      const text = await (await ask("/metrics")).text();
      const line =
        /^http_server_request_duration_seconds_count\{instance="catalog-1",outcome="ok",(.*)\} \d+$/gm;
      const routes = [...text.matchAll(line)].map(([, labels]) => labels);
      return routes.includes('route="GET /products/{id}",service="catalog",status="404"') ? true : undefined;
    });
  });

  test("the terminal shows the same: metrics once, top until it is told to end, graph as a diagram", async () => {
    for (let n = 0; n < 20; n++) await request(n);
    const told = await eventually("catalog in metrics", async () => {
      const { stdout } = await run.cli("metrics");
      return /gateway\s+→?\s*catalog|catalog-1/.test(stdout) ? stdout : undefined;
    });
    expect(told).toContain("gateway-1");
    const top = Bun.spawn([process.execPath, main, "top", "--json", "--data", run.data], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = top.stdout.getReader();
    let text = "";
    while (text.split("\n").length < 3) text += new TextDecoder().decode((await reader.read()).value);
    top.kill("SIGINT");
    expect(await top.exited).toBe(0);
    const [first, second] = text.split("\n").map((line) => JSON.parse(line || "{}") as Partial<LiveGraph>);
    expect(first!.nodes?.map(({ service }) => service)).toContain("catalog");
    expect(second!.at).toBeGreaterThan(first!.at!);
    expect((await run.cli("graph", "--mermaid")).stdout).toMatch(/^(graph|flowchart) /);
    expect((await run.cli("graph", "--dot")).stdout).toMatch(/^digraph /);
  });

  test("an instance is frozen and thawed, and the timeline tells of both", async () => {
    const act = (what: string) => ask(`/api/instances/notifications-1/${what}`, { method: "POST" });
    expect((await act("freeze")).status).toBe(200);
    expect((await act("thaw")).status).toBe(200);
    await eventually("both on the timeline", async () => {
      const texts = (await json<TimelineEntry[]>("/timeline")).map(({ text }) => text);
      return ["freeze", "thaw"].every((word) => texts.includes(`${word} notifications-1`)) || undefined;
    });
    expect((await run.instance("notifications-1")).generation).toBe(1);
  });

  test("logs are searched, and leave as ECS lines", async () => {
    const found = await eventually("a log line", async () => {
      const lines = await json<{ message: string; service: string }[]>("/logs?text=migrated&service=orders");
      return lines.length > 0 ? lines : undefined;
    });
    expect(found[0]?.service).toBe("orders");
    const line = await eventually(
      "an ECS line",
      () => readFileSync(join(folder, "ecs.json"), "utf8").split("\n")[0],
    );
    expect(JSON.parse(line)).toMatchObject({
      "ecs.version": expect.any(String),
      "service.name": expect.any(String),
    });
  });

  test("a killed observer comes back with what it had, and the timeline tells of it", async () => {
    const traceId = await request(3);
    await settled(traceId, 3);
    await eventually("all written", async () => (await json<ObserverStats>("/stats")).openSpans === 0);
    expect((await ask("/api/instances/observer-1/kill", { method: "POST" })).status).toBe(200);
    await eventually("the kill and the return in the timeline", async () => {
      const entries = await json<TimelineEntry[]>("/timeline").catch(() => []);
      const after = entries
        .map(({ text }) => text)
        .slice(entries.findIndex(({ text }) => text === "kill observer-1"));
      return after[0] === "kill observer-1" && after.includes("observer-1 starting → ready");
    });
    await settled(traceId, 3);
    const later = await request(4);
    await settled(later, 3);
  });
});
