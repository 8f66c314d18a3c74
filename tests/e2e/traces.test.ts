/** Every expected span is there exactly once under the right parent, over the real shop with all traces kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { SpanRecord } from "../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../runtime/telemetry/query.ts";
import { eventually, Run, root } from "../kit/run.ts";
import { Customer, type Order } from "../kit/shop.ts";

const requests = 300;
const orders = 60;
const atOnce = 10;

let directory: string;
let run: Run;
let control: ControlClient;
let customer: Customer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mc-traces-"));
  const topology = join(directory, "topology.yaml");
  const shop = await Bun.file(join(root, "topology.yaml")).text();
  const placed = shop.replaceAll(/(source|directory): services\//g, `$1: ${root}/services/`);
  await Bun.write(topology, `${placed}\ntelemetry: { sample: 1 }\n`);
  run = await Run.start({ topology });
  control = await ControlClient.find({ data: run.data });
  customer = await Customer.register(run.gateway);
}, 60_000);

afterAll(async () => {
  await run?.stop();
  rmSync(directory, { recursive: true, force: true });
}, 30_000);

/** The gateway's request id is the trace's id, unless the client brought one. */
function traceOf(headers: Headers): string {
  const id = headers.get("x-request-id") ?? "";
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  return id;
}

/** The trace once it has `spans` spans. */
async function trace(id: string, spans: number): Promise<TraceDetail> {
  return await eventually(`${spans} spans of ${id}`, async () => {
    const detail = await control.get<TraceDetail>(`/api/telemetry/traces/${id}`);
    if (detail.spans.length < spans) throw new Error(`${detail.spans.length} spans:\n${shapeOf(detail)}`);
    return detail;
  });
}

/** Each span as its path from the root, sorted: what must be equal for requests of the same kind. */
function shapeOf({ spans }: TraceDetail): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (span: SpanRecord): string => {
    const own = `${span.service}:${span.kind}:${span.name}`;
    if (span.parentSpanId === undefined) return own;
    const parent = byId.get(span.parentSpanId);
    return `${parent === undefined ? "?" : path(parent)} > ${own}`;
  };
  return spans.map(path).sort().join("\n");
}

/** What holds of any whole trace. */
function expectWhole(detail: TraceDetail): void {
  const { spans } = detail;
  expect(detail.orphans).toBe(0);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
  expect(spans.filter((span) => span.parentSpanId === undefined)).toHaveLength(1);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const span of spans) {
    if (span.parentSpanId === undefined) continue;
    const parent = byId.get(span.parentSpanId)!;
    if (span.kind === "server") {
      expect(parent.kind).toBe("client");
      expect(parent.attributes["peer.service"]).toBe(span.service);
    } else if (span.kind === "consumer") {
      expect(parent.kind).toBe("producer");
      for (const name of ["messaging.message.id", "messaging.destination.name"]) {
        expect(span.attributes[name]).toBe(parent.attributes[name]!);
      }
      expect(span.links).toEqual([{ traceId: span.traceId, spanId: parent.spanId }]);
    } else {
      expect(["server", "consumer"]).toContain(parent.kind);
      expect(parent.instance).toBe(span.instance);
    }
  }
}

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

async function products(): Promise<readonly { readonly id: string }[]> {
  const page = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=50");
  return page.body.items;
}

describe("a trace is whole", () => {
  test(`${requests} requests`, async () => {
    const items = await products();
    const ids = await inParallel(requests, async (index) => {
      const answer = await customer.get(`/v1/products/${items[index % items.length]!.id}`);
      expect(answer.status).toBe(200);
      return traceOf(answer.headers);
    });
    expect(new Set(ids).size).toBe(requests);
    const gateway = "gateway:server:GET /v1/products/{id}";
    const call = `${gateway} > gateway:client:GET catalog`;
    const served = `${call} > catalog:server:GET /products/{id}`;
    const expected = [gateway, call, served, `${served} > catalog:client:SELECT catalog`].join("\n");
    for (const detail of await inParallel(requests, (index) => trace(ids[index]!, 4))) {
      expect(shapeOf(detail)).toBe(expected);
      expectWhole(detail);
      expect(detail.spans[0]).toMatchObject({
        status: "unset",
        attributes: {
          "http.request.method": "GET",
          "http.route": "/v1/products/{id}",
          "http.response.status_code": 200,
        },
      });
    }
  }, 120_000);

  test(`${orders} orders, with all that their events caused`, async () => {
    const items = await products();
    const placed = await inParallel(orders, async (index) => {
      const answer = await customer.order([{ productId: items[index % items.length]!.id, quantity: 1 }]);
      expect(answer.status).toBe(202);
      return { order: answer.body.id, trace: traceOf(answer.headers) };
    });
    for (const { order } of placed) {
      await eventually(`${order} confirmed`, async () => {
        const answer = await customer.get<Order>(`/v1/orders/${order}`);
        return answer.body.status === "confirmed";
      });
    }
    // The notification is the last of it.
    const last = "consumer process order.confirmed at inventory and notifications";
    const first = await eventually(last, async () => {
      const detail = await control.get<TraceDetail>(`/api/telemetry/traces/${placed[0]!.trace}`);
      const deliveries = (topic: string) =>
        detail.spans.filter((span) => span.name === `process ${topic}`).length;
      const all = deliveries("stock.reserved") === 2 && deliveries("order.confirmed") === 2;
      return all && detail.orphans === 0 && detail;
    });
    const expected = shapeOf(first);
    // One publish each of what an order goes through, and one delivery of it to each service that subscribes.
    const at = (kind: string, name: string) =>
      first.spans.filter((span) => span.kind === kind && span.name === name).map((span) => span.service);
    expect(at("producer", "publish order.placed")).toEqual(["orders"]);
    expect(at("consumer", "process order.placed")).toEqual(["inventory"]);
    expect(at("producer", "publish stock.reserved")).toEqual(["inventory"]);
    expect(at("consumer", "process stock.reserved").sort()).toEqual(["orders", "payments"]);
    expect(at("producer", "publish payment.captured")).toEqual(["payments"]);
    expect(at("consumer", "process payment.captured")).toEqual(["orders"]);
    expect(at("producer", "publish order.confirmed")).toEqual(["orders"]);
    expect(at("consumer", "process order.confirmed").sort()).toEqual(["inventory", "notifications"]);
    expectWhole(first);
    for (const { trace: id } of placed) {
      const detail = await trace(id, first.spans.length);
      expect(shapeOf(detail)).toBe(expected);
      expectWhole(detail);
    }
  }, 120_000);

  test("statements have their text without values", async () => {
    const [item] = await products();
    const answer = await customer.get(`/v1/products/${item!.id}`);
    const { spans } = await trace(traceOf(answer.headers), 4);
    const statement = spans.find((span) => span.attributes["db.system.name"] === "sqlite");
    const text = statement?.attributes["db.query.text"];
    expect(text).toMatch(/^select .* where .*\?/i);
    expect(text).not.toContain(item!.id);
  }, 60_000);

  test("a client's own trace goes on", async () => {
    const traceId = crypto.randomUUID().replaceAll("-", "");
    const parent = "00f067aa0ba902b7";
    await customer.send("GET", "/v1/products/none", undefined, { traceparent: `00-${traceId}-${parent}-01` });
    const { spans } = await trace(traceId, 3);
    const gateway = spans.find((span) => span.service === "gateway" && span.kind === "server");
    expect(gateway?.parentSpanId).toBe(parent);
  }, 60_000);
});

test("an observer that dies is missed by nobody, and the next one goes on", async () => {
  const observer = await run.instance("observer-1");
  const [item] = await products();
  process.kill(observer.pid!, "SIGKILL");
  for (let i = 0; i < 20; i++) expect((await customer.get(`/v1/products/${item!.id}`)).status).toBe(200);
  await eventually("a new observer", async () => {
    const { state, generation } = await run.instance("observer-1");
    return state === "ready" && generation > observer.generation;
  });
  const answer = await customer.get(`/v1/products/${item!.id}`);
  expectWhole(await trace(traceOf(answer.headers), 4));
}, 60_000);
