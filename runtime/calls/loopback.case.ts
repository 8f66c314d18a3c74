import { afterEach, describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../sdk/errors.ts";
import {
  contextOf,
  edgeTo,
  Network,
  type Node,
  random,
  request,
  type TestTransport,
  textOf,
  until,
} from "./network.case.ts";
import type { ServedCall } from "./served-call.ts";
import { newTraceparent, parseTraceparent } from "./trace.ts";

export const rejectsWith = (promise: Promise<unknown>, code: ErrorCode) =>
  expect(promise).rejects.toMatchObject({ code });

/** The first part at once, the other when `ready` resolves. */
function slowly([first, second]: [string, string], ready: Promise<void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(first)),
    async pull(controller) {
      await ready;
      controller.enqueue(encoder.encode(second));
      controller.close();
    },
  });
}

/** Both sides of calls over a real transport. */
export function callCases(name: string, make: () => TestTransport): void {
  let network: Network;
  const begin = () => {
    network = new Network(make());
    return network;
  };

  describe(`calls over ${name}`, () => {
    afterEach(() => network.stop());

    test("carries the request there and the reply back", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const orders = await network.add("orders-1", {
        handler: async (call) =>
          call.reply(
            201,
            ["x-echo", call.headers[1]!],
            `${call.method} ${call.path} ${await textOf(call.body)}`,
          ),
      });
      const traceparent = newTraceparent(random);
      const user = { id: "u1", roles: ["admin"], email: "a@b.c" };
      const deadline = Date.now() + 5000;
      const reply = await gateway.client.call(
        "orders",
        request("POST", "/orders?x=1", { headers: ["accept", "text/plain"], body: "hello" }),
        { user, deadline, traceparent, requestId: "r1" },
      );
      expect(reply).toMatchObject({ status: 201, headers: ["x-echo", "text/plain"], instance: "orders-1" });
      expect(await textOf(reply.body)).toBe("POST /orders?x=1 hello");
      const call = orders.seen[0]!;
      expect(call.user).toEqual(user);
      expect(call).toMatchObject({
        caller: "gateway",
        callerInstance: "gateway-1",
        attempt: 1,
        requestId: "r1",
        deadline,
      });
      expect(parseTraceparent(call.traceparent)?.traceId).toBe(parseTraceparent(traceparent)!.traceId);
      expect(call.traceparent).not.toBe(traceparent);
      expect(call.traceparent).toBe(call.traceparent);
      expect(orders.server.load).toEqual({ pending: 0, calls: 1, errors: 0 });
    });

    test("calls that come while connecting share the one connection", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const orders = await network.add("orders-1");
      const replies = await Promise.all(Array.from({ length: 50 }, () => gateway.get("orders")));
      expect(replies.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(orders.links).toBe(1);
    });

    test("connectAhead links to declared callees as they become ready", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const first = await network.add("orders-1");
      gateway.client.connectAhead();
      const second = await network.add("orders-2");
      await until(() => first.links === 1 && second.links === 1);
      expect(first.seen).toHaveLength(0);
    });

    test("a link that nobody uses is let go, and the next call makes one", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"], releaseMs: 20 });
      const orders = await network.add("orders-1");
      expect((await gateway.get("orders")).status).toBe(200);
      await until(() => orders.openLinks === 0);
      expect((await gateway.get("orders")).status).toBe(200);
      expect(orders.links).toBe(2);
      expect(gateway.suspects).toEqual([]);
    });

    test("a link with a body under way is not let go", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"], releaseMs: 20 });
      const { promise: isLongAfter, resolve: goOn } = Promise.withResolvers<void>();
      const orders = await network.add("orders-1", {
        handler: (call) => call.reply(200, [], slowly(["first,", "second"], isLongAfter)),
      });
      const { body } = await gateway.get("orders");
      await Bun.sleep(100);
      goOn();
      expect(await textOf(body)).toBe("first,second");
      await until(() => orders.openLinks === 0);
      expect(orders.links).toBe(1);
    });

    test("the balancer of the callee decides: equal users go to the same instance", async () => {
      begin();
      const balancers = { orders: { balancer: "consistent-hash" as const } };
      const gateway = await network.add("gateway-1", { uses: ["orders"], balancers });
      for (const id of ["orders-1", "orders-2", "orders-3"]) await network.add(id);
      const chosen = new Set<string>();
      for (let index = 0; index < 12; index++) {
        const user = { id: `user-${index}`, roles: [] };
        const instances = await Promise.all(
          ["/a", "/b", "/c"].map(
            async (path) => (await gateway.get("orders", path, contextOf({ user }))).instance,
          ),
        );
        expect(new Set(instances).size).toBe(1);
        chosen.add(instances[0]!);
      }
      expect(chosen.size).toBe(3);
    });

    describe("deadlines", () => {
      test("the second hop sees what is left of the first one's time", async () => {
        begin();
        const gateway = await network.add("gateway-1", { uses: [edgeTo("orders", 60_000)] });
        await network.add("orders-1", {
          uses: [edgeTo("catalog", 60_000)],
          handler: async (call, node) => {
            const reply = await node.get("catalog", "/", call);
            call.reply(200, [], await textOf(reply.body));
          },
        });
        const catalog = await network.add("catalog-1");
        const deadline = Date.now() + 4000;
        await gateway.get("orders", "/", contextOf({ deadline }));
        expect(catalog.seen[0]!.deadline).toBe(deadline);
      });

      test("an edge's timeout makes it earlier, never later", async () => {
        begin();
        const gateway = await network.add("gateway-1", { uses: [edgeTo("orders", 3000)] });
        const orders = await network.add("orders-1");
        const before = Date.now();
        await gateway.get("orders", "/", contextOf({ deadline: before + 60_000 }));
        expect(orders.seen[0]!.deadline).toBeGreaterThanOrEqual(before + 3000);
        expect(orders.seen[0]!.deadline).toBeLessThan(before + 60_000);
      });

      test("an expired call is not started", async () => {
        begin();
        const gateway = await network.add("gateway-1", { uses: ["orders"] });
        const orders = await network.add("orders-1");
        await rejectsWith(
          gateway.get("orders", "/", contextOf({ deadline: Date.now() })),
          "deadline-exceeded",
        );
        expect(orders.seen).toHaveLength(0);
      });

      test("no answer in time: deadline-exceeded, and the callee's signal aborts", async () => {
        begin();
        const gateway = await network.add("gateway-1", { uses: [edgeTo("orders", 150)] });
        const orders = await network.add("orders-1", { handler: (call) => void call.signal });
        const call = gateway.get("orders", "/slow");
        await expect(call).rejects.toThrow("GET orders/slow at orders-1");
        await rejectsWith(call, "deadline-exceeded");
        await until(() => orders.seen[0]!.signal.aborted);
        orders.seen[0]!.reply(200, [], null);
      });

      test("one whose time ran out in the callee's queue is never handled", async () => {
        begin();
        const gateway = await network.add("gateway-1", { uses: ["orders"] });
        const orders = await network.add("orders-1", { handler: () => {}, server: { maxConcurrency: 1 } });
        const first = gateway.get("orders", "/first");
        await until(() => orders.seen.length === 1);
        await rejectsWith(
          gateway.get("orders", "/late", contextOf({ deadline: Date.now() + 100 })),
          "deadline-exceeded",
        );
        expect(orders.server.load.pending).toBe(2);
        orders.seen[0]!.reply(200, [], null);
        expect((await first).status).toBe(200);
        expect(orders.seen).toHaveLength(1);
        expect(orders.server.load).toEqual({ pending: 0, calls: 2, errors: 1 });
      });
    });

    describe("edges", () => {
      test("the caller refuses what it does not declare, naming the missing line", async () => {
        begin();
        const orders = await network.add("orders-1");
        const catalog = await network.add("catalog-1");
        const call = orders.get("catalog");
        await rejectsWith(call, "edge-not-declared");
        await expect(call).rejects.toThrow("add `- catalog` under `services.orders.uses` in topology.yaml");
        expect(catalog.links).toBe(0);
      });

      test("the callee refuses it too, in the same words", async () => {
        begin();
        const orders = await network.add("orders-1", { uses: ["catalog"] });
        const catalog = await network.add("catalog-1", { callers: ["gateway"] });
        const call = orders.get("catalog");
        await rejectsWith(call, "edge-not-declared");
        await expect(call).rejects.toThrow("add `- catalog` under `services.orders.uses` in topology.yaml");
        expect(catalog.seen).toHaveLength(0);
      });

      test("an unknown service is told apart, with a guess", async () => {
        begin();
        const orders = await network.add("orders-1");
        await expect(orders.get("catalgo")).rejects.toThrow('did you mean "catalog"?');
        await rejectsWith(orders.get("catalgo"), "unknown-service");
      });

      test("the supervisor calls anyone, and anyone calls the broker", async () => {
        begin();
        const supervisor = await network.add("supervisor-1");
        const orders = await network.add("orders-1", { callers: [] });
        await network.add("broker-1", { callers: ["orders"] });
        expect((await supervisor.get("orders")).status).toBe(200);
        expect((await orders.get("broker")).status).toBe(200);
      });
    });

    describe("cancellation", () => {
      async function chain(handler: (call: ServedCall) => void): Promise<[Node, Node, Node]> {
        begin();
        const gateway = await network.add("gateway-1", { uses: ["orders"] });
        const orders = await network.add("orders-1", {
          uses: ["catalog"],
          handler: async (call, node) => {
            try {
              const reply = await node.get("catalog", "/", call);
              call.reply(200, [], reply.body);
            } catch (error) {
              call.fail(error as never);
            }
          },
        });
        return [gateway, orders, await network.add("catalog-1", { handler })];
      }

      test("goes down a chain of three, and nothing stays under way", async () => {
        const [gateway, orders, catalog] = await chain((call) => {
          call.signal.addEventListener("abort", () => call.reply(200, [], null));
        });
        const abort = new AbortController();
        const call = gateway.get("orders", "/", contextOf({ signal: abort.signal }));
        await until(() => catalog.seen.length === 1);
        abort.abort();
        await rejectsWith(call, "cancelled");
        await until(() => catalog.seen[0]!.signal.aborted);
        await until(() => orders.server.load.pending === 0 && catalog.server.load.pending === 0);
      });

      test("reaches the producer of a stream that is no longer read", async () => {
        let cancelled = false;
        const [gateway, orders, catalog] = await chain((call) =>
          call.reply(
            200,
            [],
            endless(() => {
              cancelled = true;
            }),
          ),
        );
        const reply = await gateway.get("orders");
        const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
        expect((await reader.read()).value?.length).toBeGreaterThan(0);
        expect(catalog.server.load.pending).toBe(1);
        await reader.cancel();
        await until(() => cancelled);
        await until(() => orders.server.load.pending === 0 && catalog.server.load.pending === 0);
      });

      test("an abort after the head has come still ends the stream", async () => {
        let cancelled = false;
        const [gateway] = await chain((call) =>
          call.reply(
            200,
            [],
            endless(() => {
              cancelled = true;
            }),
          ),
        );
        const abort = new AbortController();
        const reply = await gateway.get("orders", "/", contextOf({ signal: abort.signal }));
        abort.abort();
        await expect(textOf(reply.body)).rejects.toThrow();
        await until(() => cancelled);
      });
    });

    test("streams both ways", async () => {
      begin();
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      await network.add("orders-1", {
        handler: (call) => call.reply(200, [], call.body as ReadableStream<Uint8Array>),
      });
      const chunk = new Uint8Array(50_000).fill(7);
      let left = 20;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(chunk);
          else controller.close();
        },
      });
      const reply = await gateway.client.call("orders", request("POST", "/", { body }), contextOf());
      const bytes = await new Response(reply.body as BodyInit).bytes();
      expect(bytes.length).toBe(1_000_000);
      expect(bytes.every((byte) => byte === 7)).toBe(true);
    });
  });
}

function endless(cancelled: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await Bun.sleep(1);
      controller.enqueue(new Uint8Array(100));
    },
    cancel: cancelled,
  });
}
