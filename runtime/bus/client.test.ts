import { afterEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { MemoryTransport } from "../transport/memory.ts";
import type { Transport } from "../transport/transport.ts";
import { UnixTransport } from "../transport/unix.ts";
import { brokerCases, flakyTopic, record, soon, until } from "./broker.case.ts";
import { BrokerClient } from "./client.ts";
import { encodeData } from "./data.ts";
import { diskTopic } from "./engine-fixture.ts";
import { RecordWriter } from "./record.ts";
import { BrokerServer } from "./server.ts";
import { ServerFixture } from "./server-fixture.ts";

const topics = {
  topics: {
    orders: diskTopic,
    ticks: { ...diskTopic, durability: "memory" as const },
    flaky: { ...diskTopic, ...flakyTopic },
  },
};

const fixtures: ServerFixture[] = [];
afterEach(async () => {
  await Promise.all(fixtures.splice(0).map((fixture) => fixture.close()));
});

async function start(transport: Transport): Promise<ServerFixture> {
  const fixture = new ServerFixture(transport, topics);
  fixtures.push(fixture);
  await fixture.server.start();
  return fixture;
}

brokerCases("in memory", () => start(new MemoryTransport()));
brokerCases("over Unix sockets", () => start(new UnixTransport()));

describe("client", () => {
  test("a full queue is overloaded, and what waits is not lost by it", async () => {
    const fixture = await start(new MemoryTransport());
    await fixture.down();
    const client = fixture.client("p-1", { pendingEvents: 2 });
    const waiting = [
      client.publish("orders", record("a", 1), soon()),
      client.publish("orders", record("b", 2), soon()),
    ];
    const refused = await client
      .publish("orders", record("c", 3), soon())
      .catch((error: MicrocosmError) => error.code);
    expect(refused).toBe("overloaded");
    await fixture.up();
    expect(await Promise.all(waiting)).toEqual([0, 1]);
    expect(await client.publish("orders", record("d", 4), soon())).toBe(2);
  });

  test("stop gives up what cannot be delivered, and refuses further use", async () => {
    const fixture = await start(new MemoryTransport());
    await fixture.down();
    const client = fixture.client("p-1", { stopTimeoutMs: 20 });
    const waiting = client
      .publish("orders", record("a", 1), soon())
      .catch((error: MicrocosmError) => error.code);
    await client.stop();
    await client.stop();
    expect(await waiting).toBe("broker-unavailable");
    expect(await client.topics().catch((error: MicrocosmError) => error.code)).toBe("broker-unavailable");
  });

  test("an event sent again while its handler is at it is not begun twice", async () => {
    const fixture = await start(new UnixTransport());
    const client = fixture.client("c-1");
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    await client.subscribe({
      topic: "orders",
      subscription: "s",
      consumer: "c-1",
      concurrency: 2,
      from: "earliest",
      handler: async () => {
        begun++;
        await gate.promise;
      },
    });
    await client.publish("orders", record("a", 1), soon());
    await until("the handler", () => begun === 1);
    await fixture.down();
    await fixture.up();
    const cursor = async () => (await client.topics())[0]?.subscriptions[0];
    await until("the delivery over the new link", async () => (await cursor())?.inFlight === 1);
    gate.resolve();
    await until("the acknowledgement", async () => (await cursor())?.cursor === 1);
    expect(begun).toBe(1);
  });

  test("options out of range throw at construction and name the key", () => {
    const options = {
      transport: new MemoryTransport(),
      self: { service: "x", instance: "x-1", generation: 1 },
      locate: async () => "x",
      clock: systemClock,
      random: systemRandom,
    };
    expect(() => new BrokerClient({ ...options, limits: { pendingEvents: 0 } })).toThrow(/pendingEvents/);
    const server = { ...options, address: "x", topics: { topics: {} }, file: ":memory:" };
    expect(() => new BrokerServer({ ...server, limits: { ackFlushMs: -1 } })).toThrow(/ackFlushMs/);
  });
});

describe("server", () => {
  test("answers what it does not understand, and goes on", async () => {
    const transport = new UnixTransport();
    const fixture = await start(transport);
    const notified: unknown[] = [];
    const link = await transport.connect(fixture.address, {
      self: { service: "x", instance: "x-1", generation: 1 },
      handler: { call() {}, notify: (_link, head) => void notified.push(head) },
    });
    const call = (head: unknown) =>
      new Promise<string>((resolve) => {
        link.call(head, null, soon(), {
          reply: () => resolve("reply"),
          fail: (error) => resolve(error.code),
        });
      });
    for (const head of [
      null,
      "topics",
      [],
      ["nothing"],
      ["subscribe", 1, "orders"],
      ["read", "orders", 1, 1],
      ["dead", "orders"],
    ]) {
      expect(await call(head)).toBe("bad-request");
    }
    for (const head of [
      null,
      7,
      ["ack", 1, [3, 1]],
      ["ack", 9, [1, 2]],
      ["nack", 1, ["x"]],
      ["pause", 4],
      ["publish", "x"],
    ]) {
      link.notify(head);
    }
    const writer = new RecordWriter();
    writer.append("orders", record("a", encodeData(1)));
    const body = writer.take();
    link.notify(["publish", 1, "orders", 2], body);
    link.notify(["publish", 2, "orders", 1], body.subarray(0, body.length - 1));
    link.notify(["publish", 3, "orders", 1], new Uint8Array(30));
    link.notify(["publish", 4, "orders", 1], body);
    await until("four answers", () => notified.length === 4);
    expect(
      (notified as [string, number, unknown][]).map(([op, sequence, what]) => [op, sequence, what]),
    ).toEqual([
      ["refused", 1, "bad-request"],
      ["refused", 2, "bad-request"],
      ["refused", 3, "bad-request"],
      ["published", 4, 0],
    ]);
    await link.close();
  });

  test("is healthy while it can write, and start fails clearly where it cannot", async () => {
    const fixture = await start(new MemoryTransport());
    expect(await fixture.server.health()).toEqual({ ok: true });
    await fixture.down();
    expect((await fixture.server.health()).ok).toBe(false);
    const nowhere = new BrokerServer({
      transport: new MemoryTransport(),
      address: "x",
      self: { service: "broker", instance: "broker-1", generation: 1 },
      topics,
      file: `${fixture.directory}/missing/broker.sqlite`,
      clock: systemClock,
      random: systemRandom,
    });
    const error = await nowhere.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MicrocosmError);
    expect((error as MicrocosmError).code).toBe("data-unwritable");
    await nowhere.stop();
  });
});
