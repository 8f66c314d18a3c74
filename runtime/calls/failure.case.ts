import { afterEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Policy } from "../policy/policy.ts";
import { rejectsWith } from "./loopback.case.ts";
import {
  contextOf,
  edgeTo,
  Network,
  type Node,
  request,
  type TestTransport,
  textOf,
  until,
} from "./network.case.ts";

const withKey = { headers: ["idempotency-key", "k1"] };

/** What calls do when instances are late, full, leaving or dead. */
export function failureCases(name: string, make: () => TestTransport): void {
  let network: Network;

  /** Two instances; whichever is called first dies over it. */
  async function twoOfWhichOneDies(retries = 2): Promise<{ gateway: Node; orders: Node[] }> {
    network = new Network(make());
    const gateway = await network.add("gateway-1", { uses: [edgeTo("orders", 10_000, retries)] });
    let died = false;
    const orders: Node[] = [];
    for (const id of ["orders-1", "orders-2"]) {
      orders.push(
        await network.add(id, {
          handler: (call, node) => {
            if (died) call.reply(200, [], `attempt ${call.attempt}`);
            else {
              died = true;
              void node.die();
            }
          },
        }),
      );
    }
    return { gateway, orders };
  }
  const handled = (orders: Node[]) => orders.reduce((sum, node) => sum + node.seen.length, 0);

  describe(`failing instances over ${name}`, () => {
    afterEach(() => network.stop());

    for (const [what, sent] of [
      ["a GET", request("GET")],
      ["a POST with an idempotency-key", request("POST", "/", withKey)],
    ] as const) {
      test(`${what} whose link breaks is answered by the other instance`, async () => {
        const { gateway, orders } = await twoOfWhichOneDies();
        const reply = await gateway.client.call("orders", sent, contextOf());
        expect(await textOf(reply.body)).toBe("attempt 2");
        expect(orders.map(({ seen }) => seen.length)).toEqual([1, 1]);
      });
    }

    test("a POST that may have taken effect is not sent again, and the error says why", async () => {
      const { gateway, orders } = await twoOfWhichOneDies();
      const call = gateway.client.call("orders", request("POST"), contextOf());
      await rejectsWith(call, "link-closed");
      await expect(call).rejects.toThrow("a POST without an idempotency-key may have taken effect");
      expect(handled(orders)).toBe(1);
    });

    test("a streamed body that was begun is not sent again", async () => {
      const { gateway, orders } = await twoOfWhichOneDies();
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
      });
      await rejectsWith(
        gateway.client.call("orders", request("PUT", "/", { body }), contextOf()),
        "link-closed",
      );
      expect(handled(orders)).toBe(1);
    });

    test("retries: 0 means one attempt", async () => {
      const { gateway, orders } = await twoOfWhichOneDies(0);
      await rejectsWith(gateway.get("orders"), "link-closed");
      expect(handled(orders)).toBe(1);
    });

    test("an instance that nobody listens for is passed over by every method, reported and then left alone", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"], shunMs: 60_000 });
      network.put({ service: "orders", instance: "orders-1", generation: 1 }, "ready");
      await network.add("orders-2");
      for (let call = 0; call < 10; call++) {
        const reply = await gateway.client.call("orders", request("POST"), contextOf());
        expect(reply.instance).toBe("orders-2");
      }
      expect(gateway.suspects).toEqual(["orders-1"]);
    });

    test("a call outlives the restart of the only instance", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const first = await network.add("orders-1", { handler: (_call, node) => void node.die() });
      const call = gateway.get("orders");
      await until(() => gateway.suspects.length + first.seen.length > 0);
      network.put(first.peer, "stopped");
      await network.add("orders-1", { generation: 2 });
      expect((await call).status).toBe(200);
      expect((await gateway.get("orders")).instance).toBe("orders-1");
    });

    test("a call waits for a service that is not ready yet", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const orders = await network.add("orders-1", { state: "starting" });
      const calls = [gateway.get("orders"), gateway.client.call("orders", request("POST"), contextOf())];
      await Bun.sleep(20);
      expect(orders.seen).toHaveLength(0);
      network.put(orders.peer, "ready");
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
    });

    test("until its deadline: no-ready-instance, saying what there is", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      await network.add("orders-1", { state: "starting" });
      const call = gateway.get("orders", "/", contextOf({ deadline: Date.now() + 60 }));
      await expect(call).rejects.toThrow("orders: has never been ready (orders-1 starting)");
      await rejectsWith(call, "no-ready-instance");
    });

    test("waiting for a service ends with the caller", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const abort = new AbortController();
      const call = gateway.get("orders", "/", contextOf({ signal: abort.signal }));
      abort.abort();
      await rejectsWith(call, "cancelled");
      await rejectsWith(gateway.get("orders", "/", contextOf({ signal: abort.signal })), "cancelled");
    });

    test("a draining instance gets no new call, ends what it has, and refuses what comes by an old view", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const first = await network.add("orders-1", { handler: () => {} });
      const slow = gateway.get("orders");
      await until(() => first.seen.length === 1);
      first.server.drain();
      const idle = first.server.idle(10_000);
      await network.add("orders-2");
      for (let call = 0; call < 6; call++) {
        const reply = await gateway.client.call("orders", request("POST"), contextOf());
        expect(reply.instance).toBe("orders-2");
      }
      network.put(first.peer, "draining");
      first.seen[0]!.reply(200, [], null);
      expect((await slow).instance).toBe("orders-1");
      expect(await idle).toBe(0);
      expect(first.seen).toHaveLength(1);
    });

    test("overload: refused beyond the queue, taken by another instance when there is one", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const full = { handler: () => {}, server: { maxConcurrency: 1, maxQueued: 1 } };
      const first = await network.add("orders-1", full);
      const under = [gateway.get("orders"), gateway.get("orders")];
      await until(() => first.server.load.pending === 2);
      const refused = gateway.client.call("orders", request("POST"), contextOf());
      await expect(refused).rejects.toThrow("orders-1 has 1 calls under way and 1 waiting");
      await rejectsWith(refused, "overloaded");
      await network.add("orders-2");
      for (let call = 0; call < 4; call++) {
        const reply = await gateway.client.call("orders", request("POST"), contextOf());
        expect(reply.instance).toBe("orders-2");
      }
      first.seen[0]!.reply(200, [], null);
      await until(() => first.seen.length === 2);
      first.seen[1]!.reply(200, [], null);
      expect((await Promise.all(under)).map(({ status }) => status)).toEqual([200, 200]);
    });

    test("a refusal that a handler got from its own callee does not look like its own", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"] });
      const orders: Node[] = [];
      for (const id of ["orders-1", "orders-2"]) {
        const handler: (call: { fail(error: MicrocosmError): void }) => void = (call) =>
          call.fail(new MicrocosmError("overloaded", "catalog-1 is full"));
        orders.push(await network.add(id, { handler }));
      }
      const call = gateway.client.call("orders", request("POST"), contextOf());
      await rejectsWith(call, "handler-failed");
      await expect(call).rejects.toThrow("overloaded: catalog-1 is full");
      expect(handled(orders)).toBe(1);
    });

    test("stop ends what waits and what is under way, and refuses what comes", async () => {
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders", "catalog"] });
      const orders = await network.add("orders-1", { handler: () => {} });
      const calls = [gateway.get("orders"), gateway.get("catalog")];
      await until(() => orders.seen.length === 1);
      const outcomes = Promise.allSettled(calls);
      await Promise.all([gateway.client.stop(), gateway.client.stop()]);
      calls.push(gateway.get("orders"));
      expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      for (const call of calls) await rejectsWith(call, "link-closed");
      expect(orders.seen).toHaveLength(1);
    });

    test("an edge's policies are asked, told once per attempt, and can refuse", async () => {
      const events: string[] = [];
      let open = false;
      const breaker: Policy = {
        name: "breaker",
        admit: () => (open ? new MicrocosmError("overloaded", "the breaker is open") : undefined),
        ended: ({ code, status }) => events.push(String(code ?? status)),
        allowsRetry: () => events.length < 2,
      };
      network = new Network(make());
      const gateway = await network.add("gateway-1", { uses: ["orders"], policies: () => [breaker] });
      let broken = 0;
      for (const id of ["orders-1", "orders-2", "orders-3"]) {
        await network.add(id, {
          handler: (call, node) => (broken++ < 2 ? void node.die() : call.reply(204, [], null)),
        });
      }
      await rejectsWith(gateway.get("orders"), "link-closed");
      expect(events).toEqual(["link-closed", "link-closed"]);
      expect((await gateway.get("orders")).status).toBe(204);
      open = true;
      await expect(gateway.get("orders")).rejects.toThrow("the breaker is open");
      expect(events).toEqual(["link-closed", "link-closed", "204"]);
    });
  });
}
