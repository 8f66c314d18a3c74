/** Every expected span is there exactly once under the right parent, over the real shop with all traces kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { SpanRecord } from "../../runtime/telemetry/model.ts";
import type { ListedTrace, ObserverStats, TraceDetail } from "../../runtime/telemetry/query.ts";
import type { Event } from "../../sdk/event.ts";
import { eventually, Run, root } from "../kit/run.ts";
import { Customer, type Order } from "../kit/shop.ts";
import { expectWhole, Processes, shapeOf, shapeOfTree } from "../kit/traces.ts";

const requests = 10_000;
const orders = 200;
const atOnce = 10;
/** Who is killed with which request. */
const deaths: ReadonlyMap<number, string> = new Map([
  [requests * 0.2, "catalog-1"],
  [requests * 0.4, "catalog-1"],
  [requests * 0.6, "inventory-1"],
]);
const killed = [...deaths.values()];

let directory: string;
let run: Run;
let control: ControlClient;
let customer: Customer;
const processes = new Processes();

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

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** All that was reported is written. */
async function settled(): Promise<void> {
  await eventually("all traces written", async () => {
    const { openSpans } = await control.get<ObserverStats>("/api/telemetry/stats");
    return openSpans === 0;
  });
}

function found(id: string): Promise<TraceDetail> {
  return control.get<TraceDetail>(`/api/telemetry/traces/${id}`);
}

async function kill(id: string): Promise<void> {
  const { pid, generation } = await run.instance(id);
  processes.killed(id, generation);
  process.kill(pid!, "SIGKILL");
}

function attemptsOf({ spans }: TraceDetail): number {
  return spans.filter(({ attributes }) => attributes["microcosm.peer.instance"] !== undefined).length;
}

/** The gateway's span, one call, of it every attempt, and what the instance did that answered. */
function expectRead(detail: TraceDetail): void {
  processes.expectWhole(detail);
  const gateway = "gateway:server:GET /v1/products/{id}";
  const call = `${gateway} > gateway:client:GET catalog`;
  const served = (attempt: string) => [
    attempt,
    `${attempt} > catalog:server:GET /products/{id}`,
    `${attempt} > catalog:server:GET /products/{id} > catalog:client:SELECT catalog`,
  ];
  const attempts = attemptsOf(detail);
  const shape = shapeOf(detail).split("\n");
  if (attempts === 1) expect(shape).toEqual([gateway, ...served(call)]);
  else {
    const attempt = `${call} > gateway:client:GET catalog`;
    const calls = [gateway, call, ...new Array<string>(attempts).fill(attempt)];
    expect(shape.filter((path) => !path.includes("catalog:"))).toEqual(calls);
    // The last one was answered; of those before it is there what was done until their instance was killed.
    expect(shape).toEqual(expect.arrayContaining(served(attempt)));
    const known = new Set([...calls, ...served(attempt), "? > catalog:client:SELECT catalog"]);
    expect(shape.filter((path) => !known.has(path))).toEqual([]);
  }
  expect(detail.spans[0]).toMatchObject({
    status: "unset",
    attributes: {
      "http.request.method": "GET",
      "http.route": "/v1/products/{id}",
      "http.response.status_code": 200,
    },
  });
}

/** Each topic and the services that it goes to. */
const course: Readonly<Record<string, readonly string[]>> = {
  "order.placed": ["inventory"],
  "stock.reserved": ["orders", "payments"],
  "payment.captured": ["orders"],
  "order.confirmed": ["inventory", "notifications"],
};

/** An order that nobody's death touched. */
const untouched = shapeOfTree(`
gateway:server:POST /v1/orders
  gateway:client:POST orders
    orders:server:POST /orders
      orders:client:GET catalog
        catalog:server:GET /prices
          catalog:client:SELECT catalog
      orders:client:SELECT orders × 2
      orders:client:INSERT orders × 3
      orders:client:TRANSACTION orders
      orders:producer:publish order.placed
        inventory:consumer:process order.placed
          inventory:client:SELECT inventory × 2
          inventory:client:INSERT inventory
          inventory:client:UPDATE inventory
          inventory:client:TRANSACTION inventory
          inventory:producer:publish stock.changed
          inventory:producer:publish stock.reserved
            orders:consumer:process stock.reserved
              orders:client:SELECT orders
              orders:client:INSERT orders
              orders:client:UPDATE orders
              orders:client:TRANSACTION orders
            payments:consumer:process stock.reserved
              payments:client:SELECT payments × 2
              payments:client:INSERT payments
              payments:client:TRANSACTION payments
              payments:producer:publish payment.captured
                orders:consumer:process payment.captured
                  orders:client:SELECT orders
                  orders:client:INSERT orders
                  orders:client:UPDATE orders
                  orders:client:TRANSACTION orders
                  orders:producer:publish order.confirmed
                    inventory:consumer:process order.confirmed
                      inventory:client:SELECT inventory × 2
                      inventory:client:INSERT inventory
                      inventory:client:UPDATE inventory
                      inventory:client:TRANSACTION inventory
                      inventory:producer:publish stock.changed
                    notifications:consumer:process order.confirmed
                      notifications:client:INSERT notifications
                      notifications:client:TRANSACTION notifications
`);

/** Something of it was done again, or cut off. */
function wasTouched({ spans, orphans }: TraceDetail): boolean {
  const again = spans.some(({ attributes }) => Number(attributes["microcosm.delivery"] ?? 1) > 1);
  const sent = spans.some(({ attributes }) => Number(attributes["http.request.resend_count"] ?? 0) > 0);
  return again || sent || orphans > 0;
}

/** One publish of each event, and each delivery of it, again after a death; the last one of them did it. */
function expectOrder(detail: TraceDetail): void {
  processes.expectWhole(detail);
  const { spans } = detail;
  for (const [topic, services] of Object.entries(course)) {
    const published = spans.filter(({ name }) => name === `publish ${topic}`);
    const deliveries = spans.filter(({ name }) => name === `process ${topic}`);
    const parents = new Set(deliveries.map(({ parentSpanId }) => parentSpanId!));
    const cutOff = [...parents].filter((id) => processes.wasCutOff(id));
    expect(published.length === 1 || cutOff.length > 0).toBe(true);
    expect(published.length).toBeLessThanOrEqual(1);
    expect([...parents].filter((id) => id !== published[0]?.spanId && !processes.wasCutOff(id))).toEqual([]);
    for (const service of services) {
      const own = deliveries.filter((span) => span.service === service);
      const numbers = own.map(({ attributes }) => attributes["microcosm.delivery"] ?? 1);
      expect(new Set(numbers).size).toBe(own.length);
      expect(own.filter(({ status }) => status !== "error").length).toBeGreaterThanOrEqual(1);
    }
  }
}

/** Each event in the broker's log has its publish, under the id that it carries. */
async function expectPublished(topic: string, traces: readonly TraceDetail[]): Promise<void> {
  const publishes = new Map<string, SpanRecord>();
  for (const { spans } of traces) {
    for (const span of spans) if (span.name === `publish ${topic}`) publishes.set(span.spanId, span);
  }
  let events = 0;
  for await (const event of control.lines<Event>(`/api/bus/topics/${topic}/events?offset=0&limit=10000`)) {
    events++;
    const [, traceId, spanId = ""] = event.traceparent?.split("-") ?? [];
    const span = publishes.get(spanId);
    publishes.delete(spanId);
    if (span === undefined)
      expect([topic, event.id, processes.wasCutOff(spanId)]).toEqual([topic, event.id, true]);
    else expect([span.traceId, span.attributes["messaging.message.id"]]).toEqual([traceId!, event.id]);
  }
  expect(events).toBe(orders);
  expect(publishes.size).toBe(0);
}

/** Nothing was dropped or came twice, and no part of a trace stands somewhere as one of its own. */
async function expectNothingElse(traces: ReadonlySet<string>): Promise<void> {
  const { dropped } = await control.get<ObserverStats>("/api/telemetry/stats");
  // After a death; and in order of arrival, which says nothing.
  const { orphan: _orphan, late: _late, ...others } = dropped;
  expect(others).toEqual({});
  const besides = new Set<string>();
  const seen = new Set<string>();
  for (let before: number | undefined; ; ) {
    const more = before === undefined ? "" : `&before=${before}`;
    const page = await control.get<ListedTrace[]>(`/api/telemetry/traces?limit=1000${more}`);
    for (const { traceId, rootService, name } of page) {
      if (traces.has(traceId)) seen.add(traceId);
      else besides.add(`${rootService} ${name}`);
    }
    if (page.length === 0) break;
    before = Math.min(...page.map(({ id }) => id));
  }
  expect(seen.size).toBe(requests);
  // The customer logs in, the gateway fetches a key, the test looks at products and orders.
  expect([...besides].sort()).toEqual([
    "gateway GET /v1/orders",
    "gateway GET /v1/products",
    "gateway GET identity",
    "gateway POST /v1/tokens",
    "gateway POST /v1/users",
  ]);
}

async function products(): Promise<readonly { readonly id: string }[]> {
  const page = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=50");
  return page.body.items;
}

describe("a trace is whole", () => {
  test(`${requests} requests, ${orders} of them orders, while instances are killed`, async () => {
    await run.cli("scale", "catalog=2");
    await eventually("two instances", async () => (await run.instance("catalog-2")).state === "ready");
    const items = await products();
    const item = (index: number) => items[index % items.length]!.id;
    const placed: { readonly order: string; readonly trace: string }[] = [];
    const reads: string[] = [];
    await inParallel(requests, async (index) => {
      // Killed while both kinds of requests are under way.
      const victim = deaths.get(index);
      if (victim !== undefined) await kill(victim);
      if (index % (requests / orders) === 0) {
        const answer = await customer.order([{ productId: item(index), quantity: 1 }]);
        expect(answer.status).toBe(202);
        placed.push({ order: answer.body.id, trace: traceOf(answer.headers) });
      } else {
        const answer = await customer.get(`/v1/products/${item(index)}`);
        expect(answer.status).toBe(200);
        reads.push(traceOf(answer.headers));
      }
    });
    await eventually("all orders decided", async () => {
      const all = await customer.all<Order>("/v1/orders");
      return all.length === orders && all.every(({ status }) => status !== "pending");
    });
    await settled();
    const only = new Map(killed.map((id) => [id, killed.filter((each) => each === id).length]));
    for (const { id, generation } of await run.instances()) {
      // Who died besides would be excused by nothing below.
      expect([id, generation]).toEqual([id, 1 + (only.get(id) ?? 0)]);
    }
    const readTraces = await inParallel(reads.length, (index) => found(reads[index]!));
    const orderTraces = await inParallel(placed.length, (index) => found(placed[index]!.trace));
    for (const { spans } of [...readTraces, ...orderTraces]) processes.learn(spans);
    expect(new Set([...reads, ...placed.map(({ trace: id }) => id)]).size).toBe(requests);
    for (const detail of readTraces) expectRead(detail);
    for (const detail of orderTraces) expectOrder(detail);
    const spared = orderTraces.filter((detail) => !wasTouched(detail));
    for (const detail of spared) expect(shapeOf(detail)).toBe(untouched);
    expect(spared.length).toBeGreaterThan(orders / 2);
    for (const topic of Object.keys(course)) await expectPublished(topic, orderTraces);
    await expectNothingElse(new Set([...readTraces, ...orderTraces].map(({ summary }) => summary.traceId)));
    // Not all were spared, or nothing was shown.
    expect(readTraces.some((detail) => attemptsOf(detail) > 1)).toBe(true);
  }, 300_000);

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
    // All four: the gateway's own ends last.
    const { spans } = await trace(traceId, 4);
    const gateway = spans.find((span) => span.service === "gateway" && span.kind === "server");
    expect(gateway?.parentSpanId).toBe(parent);
  }, 60_000);
});

test("an observer of all traces has its share of full cores: what waits for it would go with who is killed", async () => {
  const [observer, observed] = await Promise.all([run.instance("observer-1"), run.instance("orders-1")]);
  expect(getPriority(observer.pid!)).toBe(getPriority(observed.pid!));
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
