import { afterEach, expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import type { MetricPoint, SpanRecord } from "../telemetry/model.ts";
import { Recorder } from "../telemetry/recorder/recorder.ts";
import { MemoryTransport } from "../transport/memory.ts";
import { rejectsWith } from "./loopback.case.ts";
import { contextOf, edgeTo, Network, type NodeOptions, request } from "./network.case.ts";
import { ServerTelemetry } from "./server-telemetry.ts";

let network: Network;
let seed = 0;

afterEach(() => network.stop());

function begin(): void {
  const transport = new MemoryTransport();
  network = new Network({ transport, address: (instance) => instance });
}

/** Answers as a service does whose app has found the route. */
function answeredBy(route: number): NonNullable<NodeOptions["handler"]> {
  return (call) => {
    call.route = route;
    call.reply(200, [], "");
  };
}

/** A node with a recorder of its own, and what it recorded so far. */
async function recorded(instance: string, options: NodeOptions) {
  const [service] = instance.split("-") as [string];
  const owner = { service, instance, generation: 1 };
  const recorder = new Recorder({ owner, sample: 1, slowMs: 10_000, random: seededRandom(++seed) });
  const telemetry = new ServerTelemetry({
    recorder,
    patternOf: (route) => ["/orders/{id}", "/items"][route - 1],
  });
  const node = await network.add(instance, { ...options, recorder, server: { telemetry } });
  const spans: SpanRecord[] = [];
  const metrics: MetricPoint[] = [];
  const take = () => {
    const batch = recorder.batch(0, true)!;
    spans.push(...batch.spans);
    metrics.push(...batch.metrics);
    return { spans, metrics };
  };
  return { node, take };
}

test("a call of one attempt is one span, and the callee's span is its child", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const orders = await recorded("orders-1", { handler: answeredBy(1) });
  const context = contextOf();
  await gateway.node.client.call("orders", request("GET", "/orders/7?x=1"), context);
  const [[client], [server]] = [gateway.take().spans, orders.take().spans];
  expect(gateway.take().spans).toHaveLength(1);
  expect(client).toMatchObject({
    traceId: context.traceparent.slice(3, 35),
    parentSpanId: context.traceparent.slice(36, 52),
    kind: "client",
    name: "GET orders",
    status: "unset",
    attributes: {
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "url.full": "http://orders/orders/7?x=1",
      "server.service.name": "orders",
      "microcosm.peer.instance": "orders-1",
    },
  });
  expect(server).toMatchObject({
    traceId: client!.traceId,
    parentSpanId: client!.spanId,
    kind: "server",
    name: "GET /orders/{id}",
    attributes: { "http.route": "/orders/{id}", "http.response.status_code": 200 },
  });
});

test("durations are by route, method and status; of what no route answers by status", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const orders = await recorded("orders-1", {
    handler: (call, node) => (call.path === "/none" ? call.reply(404, [], "") : answeredBy(2)(call, node)),
  });
  const send = (method: string, path: string) =>
    gateway.node.client.call("orders", request(method, path), contextOf());
  for (const method of ["GET", "POST", "GET", "BREW"]) await send(method, "/items");
  await send("GET", "/none");
  const durations = orders.take().metrics.filter(({ name }) => name === "http.server.request.duration");
  expect(durations.map(({ labels, histogram }) => [labels, histogram?.count])).toEqual([
    [{ route: "GET /items", status: "200", outcome: "ok" }, 2],
    [{ route: "POST /items", status: "200", outcome: "ok" }, 1],
    [{ route: "_OTHER /items", status: "200", outcome: "ok" }, 1],
    [{ status: "404", outcome: "ok" }, 1],
  ]);
});

test("a call of two attempts is a span over two, each with its callee's under it", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  let died = false;
  const handler: NodeOptions["handler"] = (call, node) => {
    if (died) call.reply(200, [], "");
    else {
      died = true;
      void node.die();
    }
  };
  const orders = [await recorded("orders-1", { handler }), await recorded("orders-2", { handler })];
  const context = contextOf();
  await gateway.node.client.call("orders", request("GET"), context);
  const { spans, metrics } = gateway.take();
  const whole = spans.find((span) => span.parentSpanId === context.traceparent.slice(36, 52))!;
  const attempts = spans.filter((span) => span.parentSpanId === whole.spanId);
  expect(spans).toHaveLength(3);
  expect(whole.status).toBe("unset");
  expect(attempts.map((span) => [span.status, span.attributes["error.type"]])).toEqual([
    ["error", "link-closed"],
    ["unset", undefined],
  ]);
  expect(attempts[1]?.attributes["http.request.resend_count"]).toBe(1);
  const served = orders.flatMap(({ take }) => take().spans).filter((span) => span.status === "unset");
  expect(served.map((span) => span.parentSpanId)).toEqual([attempts[1]!.spanId]);
  const counts = metrics
    .filter((point) => point.name === "http.client.request.duration")
    .map((point) => [point.labels.outcome, point.histogram?.count]);
  expect(counts.sort()).toEqual([
    ["error", 1],
    ["ok", 1],
  ]);
});

test("a call that found nobody is a failed span all the same", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const context = contextOf({ deadline: Date.now() + 300 });
  await rejectsWith(gateway.node.client.call("orders", request("GET"), context), "no-ready-instance");
  const { spans } = gateway.take();
  expect(spans.map((span) => [span.name, span.status, span.attributes["error.type"]])).toEqual([
    ["GET orders", "error", "no-ready-instance"],
  ]);
  expect(spans[0]?.durationMs).toBeGreaterThan(10);
});

test("a 500 is an error at both ends, a 404 at none", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const orders = await recorded("orders-1", {
    handler: (call) => call.reply(call.path === "/broken" ? 500 : 404, [], ""),
  });
  await gateway.node.client.call("orders", request("GET", "/broken"), contextOf());
  await gateway.node.client.call("orders", request("GET", "/none"), contextOf());
  for (const { take } of [gateway, orders]) {
    expect(take().spans.map((span) => [span.status, span.attributes["error.type"]])).toEqual([
      ["error", "500"],
      ["unset", undefined],
    ]);
  }
});

test("a call without a trace begins one, and is its root", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const orders = await recorded("orders-1", {});
  await gateway.node.client.call("orders", request("GET"), contextOf({ traceparent: "" }));
  const [[client], [server]] = [gateway.take().spans, orders.take().spans];
  expect(client?.parentSpanId).toBeUndefined();
  expect(server).toMatchObject({ traceId: client!.traceId, parentSpanId: client!.spanId });
});

test("what the handler calls is under its own span", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  const orders = await recorded("orders-1", {
    uses: [edgeTo("catalog")],
    handler: async (call, node) => {
      await node.get("catalog", "/", { ...contextOf(), traceparent: call.traceparent });
      call.reply(200, [], "");
    },
  });
  await recorded("catalog-1", {});
  await gateway.node.client.call("orders", request("GET"), contextOf());
  const { spans } = orders.take();
  const server = spans.find((span) => span.kind === "server")!;
  expect(spans.find((span) => span.kind === "client")?.parentSpanId).toBe(server.spanId);
});

test("a caller that leaves has not failed", async () => {
  begin();
  const gateway = await recorded("gateway-1", { uses: [edgeTo("orders")] });
  await recorded("orders-1", { handler: () => {} });
  const leaving = new AbortController();
  const call = gateway.node.client.call("orders", request("GET"), contextOf({ signal: leaving.signal }));
  await Bun.sleep(5);
  leaving.abort();
  await rejectsWith(call, "cancelled");
  expect(gateway.take().spans.map((span) => span.status)).toEqual(["unset"]);
});
