import { afterEach, beforeEach, expect, test } from "bun:test";
import { Hono } from "hono";
import type { RequestInfo, ServiceEnv } from "../../sdk/service.ts";
import { MemoryTransport } from "../transport/memory.ts";
import { contextOf, Network, type Node, until } from "./network.case.ts";
import { rpcClient } from "./rpc.ts";
import type { ServedCall } from "./served-call.ts";
import { parseTraceparent } from "./trace.ts";

const app = new Hono<ServiceEnv>()
  .get("/", (c) => c.text("root"))
  .get("/stock/:id", (c) => c.json({ id: c.req.param("id"), detail: c.req.query("detail") ?? null }))
  .post("/stock", async (c) => c.json(await c.req.json<{ sku: string }>(), 201))
  .put("/upload", async (c) => c.json({ form: (await c.req.parseBody<{ sku: string }>()).sku }))
  .delete("/stock/:id", (c) => c.body(null, 204))
  .get("/missing", (c) => c.json({ detail: "no such thing" }, 404))
  .get("/cookies", (c) => {
    c.header("set-cookie", "a=1", { append: true });
    c.header("set-cookie", "b=2", { append: true });
    return c.text("two");
  })
  .get("/echo", (c) => c.json({ header: c.req.header("x-one") }));

/** The plainest dispatch there is: what the worker's does fast. */
async function dispatch(call: ServedCall): Promise<void> {
  const headers = new Headers();
  for (let index = 0; index < call.headers.length; index += 2) {
    headers.append(call.headers[index]!, call.headers[index + 1]!);
  }
  const body = call.method === "GET" ? null : (call.body as BodyInit);
  const request = new Request(`http://inventory${call.path}`, { method: call.method, headers, body });
  const response = await app.fetch(request, call.info);
  call.reply(response.status, [...response.headers].flat(), response.body as ReadableStream<Uint8Array>);
}

let network: Network;
let orders: Node;
let inventory: Node;
let current: RequestInfo | undefined;
const client = () => rpcClient<typeof app>(orders.client, "inventory", { current: () => current });

beforeEach(async () => {
  current = undefined;
  network = new Network({ transport: new MemoryTransport(), address: (instance) => instance });
  orders = await network.add("orders-1", { uses: ["inventory"] });
  inventory = await network.add("inventory-1", { handler: dispatch });
});
afterEach(() => network.stop());

test("typed paths, queries and bodies arrive as they were meant", async () => {
  const stock = client().stock;
  const read = await stock[":id"].$get({ param: { id: "p 1" } }, { headers: { "x-any": "1" } });
  expect(read.status).toBe(200);
  expect(read.ok).toBe(true);
  expect(read.headers.get("content-type")).toContain("application/json");
  expect((await read.json()).id).toBe("p 1");
  const url = inventory.seen[0]!;
  expect(url).toMatchObject({ method: "GET", path: "/stock/p%201" });
  const made = await stock.$post({ json: { sku: "x" } } as never);
  expect([made.status, await made.json()]).toEqual([201, { sku: "x" }]);
  expect(await (await client().index.$get()).text()).toBe("root");
});

test("queries, forms, headers, repeated headers and empty answers", async () => {
  const detail = await client().stock[":id"].$get({ param: { id: "p1" }, query: { detail: "a b" } } as never);
  expect(await detail.json()).toEqual({ id: "p1", detail: "a b" });
  const form = await client().upload.$put({ form: { sku: "y" } } as never);
  expect(await form.json()).toEqual({ form: "y" });
  const echo = await client().echo.$get({ header: { "X-One": "1" } } as never);
  expect(await echo.json()).toEqual({ header: "1" });
  const cookies = await client().cookies.$get();
  expect(cookies.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  const gone = await client().stock[":id"].$delete({ param: { id: "p1" } });
  expect([gone.status, await gone.text()]).toEqual([204, ""]);
});

test("a path parameter cannot climb to another route", async () => {
  for (const id of ["..", "../missing", "%2e%2E/missing", "x/./..", "..?a=1"]) {
    const call = client().stock[":id"].$get({ param: { id } });
    await expect(call).rejects.toMatchObject({ code: "bad-request" });
  }
  const dotted = await client().stock[":id"].$get({ param: { id: "a..b" } });
  expect((await dotted.json()).id).toBe("a..b");
});

test("a status is an answer", async () => {
  const missing = await client().missing.$get();
  expect([missing.ok, missing.status]).toEqual([false, 404]);
  expect(await missing.json()).toEqual({ detail: "no such thing" });
});

test("no answer rejects with the mesh's error", async () => {
  const other = rpcClient<typeof app>(orders.client, "catalog", { current: () => current });
  await expect(other.missing.$get()).rejects.toMatchObject({ code: "edge-not-declared" });
});

test("the current request goes along: deadline, trace, user, id and signal", async () => {
  const abort = new AbortController();
  const user = { id: "u1", roles: ["admin"] };
  const { deadline, traceparent } = contextOf();
  current = {
    user,
    caller: "gateway",
    deadline,
    traceparent,
    attempt: 1,
    requestId: "r1",
    signal: abort.signal,
  };
  await client().missing.$get();
  const call = inventory.seen[0]!;
  expect(call).toMatchObject({
    user,
    deadline,
    requestId: "r1",
    caller: "orders",
    callerTraceparent: traceparent,
  });
  abort.abort();
  await expect(client().missing.$get()).rejects.toMatchObject({ code: "cancelled" });
});

test("without one a trace of its own begins and the edge's timeout bounds it", async () => {
  await client().missing.$get();
  await client().missing.$get();
  const [first, second] = inventory.seen;
  expect(parseTraceparent(first!.callerTraceparent)).toBeDefined();
  expect(first!.callerTraceparent).not.toBe(second!.callerTraceparent);
  expect(first!.deadline).toBeLessThanOrEqual(Date.now() + 10_000);
  expect(first!.user).toBeUndefined();
});

test("the author's own signal cancels as well as the request's", async () => {
  const slow = await network.add("catalog-1", { handler: (call) => void call.signal });
  const gateway = await network.add("gateway-1", { uses: ["catalog"] });
  const mine = new AbortController();
  const request = new AbortController();
  const context = { ...contextOf(), caller: "x", attempt: 1, signal: request.signal };
  const catalog = rpcClient<typeof app>(gateway.client, "catalog", { current: () => context });
  const calls = [
    catalog.missing.$get(undefined, { init: { signal: mine.signal } }),
    catalog.missing.$get(undefined, { init: { signal: mine.signal } }),
  ];
  await until(() => slow.seen.length === 2);
  mine.abort();
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
  }
  const byRequest = catalog.missing.$get(undefined, { init: { signal: new AbortController().signal } });
  await until(() => slow.seen.length === 3);
  request.abort();
  await expect(byRequest).rejects.toMatchObject({ code: "cancelled" });
  for (const call of slow.seen) call.reply(200, [], null);
});
