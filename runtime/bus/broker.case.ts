/** What every Broker must do, embedded or remote. An implementation's test hands `brokerCases` a factory. */
import { afterEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { Broker, EventRecord, SubscribeOptions } from "./broker.ts";
import { encodeData } from "./data.ts";

/** A system under test with the topics `orders` (disk), `ticks` (memory) and `flaky` (disk, see flakyTopic). */
export interface BrokerWorld {
  /** A further client of the same system. */
  client(instance: string): Broker;
  /** Takes the system away; clients keep waiting for it. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Stops all, clients included. */
  close(): Promise<void>;
}

export const flakyTopic = { maxDeliveries: 2, backoff: { firstMs: 5, maxMs: 10 } };
/** Generous: other processes may have the processor. */
const patienceMs = 10_000;

export function record(id: string, data: unknown, key?: string): EventRecord {
  return {
    id,
    source: "/test",
    type: "test",
    time: 1_700_000_000_123,
    subject: key,
    key,
    data: encodeData(data),
  };
}

export const soon = () => Date.now() + patienceMs;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = soon(); Date.now() < end; await Bun.sleep(2)) if (await holds()) return;
  throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => error,
  );
  return outcome instanceof MicrocosmError ? outcome.code : String(outcome);
}

export function brokerCases(name: string, make: () => Promise<BrokerWorld>): void {
  let world: BrokerWorld | undefined;
  const open = async () => {
    world = await make();
    return world;
  };
  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  /** Subscribes and notes what comes; the handler may be replaced. */
  async function listen(broker: Broker, options: Partial<SubscribeOptions> = {}) {
    const events: Event[] = [];
    const handle = await broker.subscribe({
      topic: "orders",
      subscription: "s",
      consumer: "c-1",
      concurrency: 4,
      from: "earliest",
      ...options,
      handler: async (delivery) => {
        events.push(delivery.event);
        await options.handler?.(delivery);
      },
    });
    return { events, handle };
  }

  describe(`${name}: publishing`, () => {
    test("gives offsets in the order of the calls, without gaps", async () => {
      const client = (await open()).client("p-1");
      const offsets = await Promise.all(
        Array.from({ length: 50 }, (_, i) => client.publish("orders", record(`e${i}`, i), soon())),
      );
      expect(offsets).toEqual(Array.from({ length: 50 }, (_, i) => i));
    });

    test("the same id again has no effect and gets the same offset", async () => {
      const client = (await open()).client("p-1");
      expect(await client.publish("orders", record("x", 1), soon())).toBe(0);
      expect(await client.publish("orders", record("x", 1), soon())).toBe(0);
      expect(await client.publish("orders", record("y", 1), soon())).toBe(1);
    });

    test("an unknown topic is refused, to publish as to subscribe", async () => {
      const client = (await open()).client("p-1");
      expect(await codeOf(client.publish("nowhere", record("x", 1), soon()))).toBe("unknown-topic");
      expect(await codeOf(listen(client, { topic: "nowhere" }))).toBe("unknown-topic");
    });

    test("an event that is too large or has no id is refused, the others of the turn are not", async () => {
      const client = (await open()).client("p-1");
      const large = client.publish("orders", record("large", "x".repeat(1_000_000)), soon());
      const nameless = client.publish("orders", record("", 1), soon());
      const fine = client.publish("orders", record("fine", "x".repeat(900_000)), soon());
      expect(await codeOf(large)).toBe("body-too-large");
      expect(await codeOf(nameless)).toBe("event-invalid");
      expect(await fine).toBe(0);
    });

    test("waits, in order, for a system that is away", async () => {
      const w = await open();
      const client = w.client("p-1");
      await client.publish("orders", record("first", 0), soon());
      await w.down();
      const waiting = [1, 2, 3].map((i) => client.publish("orders", record(`e${i}`, i, "k"), soon()));
      await w.up();
      expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
    });

    test("fails with broker-unavailable at its deadline, and is not sent later", async () => {
      const w = await open();
      const client = w.client("p-1");
      await client.publish("orders", record("first", 0), soon());
      await w.down();
      const hopeless = client.publish("orders", record("late", 1), Date.now() + 50);
      const patient = client.publish("orders", record("patient", 2), soon());
      expect(await codeOf(hopeless)).toBe("broker-unavailable");
      await w.up();
      expect(await patient).toBe(1);
      expect((await client.read("orders", { offset: 0 }, 10)).map(({ id }) => id)).toEqual([
        "first",
        "patient",
      ]);
    });
  });

  describe(`${name}: subscribing`, () => {
    test("delivers the event with all its attributes", async () => {
      const client = (await open()).client("c-1");
      const { events } = await listen(client);
      const full = {
        ...record("id-é", { total: 1, lines: ["ä", null] }, "kéy"),
        traceparent: "00-ab-cd-01",
        subject: "sub",
      };
      await client.publish("orders", full, soon());
      await client.publish("orders", record("bare", null), soon());
      await until("both events", () => events.length === 2);
      expect(events[0]).toEqual({
        id: "id-é",
        source: "/test",
        type: "test",
        time: "2023-11-14T22:13:20.123Z",
        subject: "sub",
        key: "kéy",
        traceparent: "00-ab-cd-01",
        topic: "orders",
        offset: 0,
        delivery: 1,
        data: { total: 1, lines: ["ä", null] },
      });
      expect(Object.keys(events[1]!).sort()).toEqual(
        ["data", "delivery", "id", "offset", "source", "time", "topic", "type"].sort(),
      );
    });

    test("consumers of one subscription share the events, subscriptions have them each", async () => {
      const w = await open();
      const one = await listen(w.client("c-1"), { concurrency: 2, handler: () => Bun.sleep(1) });
      const two = await listen(w.client("c-2"), {
        consumer: "c-2",
        concurrency: 2,
        handler: () => Bun.sleep(1),
      });
      const other = await listen(w.client("d-1"), { subscription: "other", consumer: "d-1" });
      const publisher = w.client("p-1");
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => publisher.publish("orders", record(`e${i}`, i), soon())),
      );
      await until(
        "all events",
        () => one.events.length + two.events.length === 40 && other.events.length === 40,
      );
      expect(one.events.length).toBeGreaterThan(0);
      expect(two.events.length).toBeGreaterThan(0);
      expect(new Set([...one.events, ...two.events].map(({ id }) => id)).size).toBe(40);
    });

    test("keeps the order of each key, one at a time, and runs at most `concurrency` handlers", async () => {
      const w = await open();
      const busy = new Set<string>();
      let running = 0;
      let most = 0;
      const order: Record<string, unknown[]> = {};
      const handler: SubscribeOptions["handler"] = async ({ event }) => {
        const key = event.key ?? "";
        if (busy.has(key)) throw new Error("two events of one key at once");
        busy.add(key);
        most = Math.max(most, ++running);
        await Bun.sleep(Math.random() * 3);
        order[key] = [...(order[key] ?? []), event.data];
        busy.delete(key);
        running--;
      };
      await listen(w.client("c-1"), { concurrency: 3, handler });
      const publisher = w.client("p-1");
      for (let i = 0; i < 60; i++) void publisher.publish("orders", record(`e${i}`, i, `k${i % 5}`), soon());
      await until("all events", () => Object.values(order).flat().length === 60);
      for (const [key, seen] of Object.entries(order)) {
        const first = Number(key.slice(1));
        expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => first + i * 5));
      }
      expect(most).toBe(3);
    });

    test("an event in memory is delivered", async () => {
      const client = (await open()).client("c-1");
      const { events } = await listen(client, { topic: "ticks", ephemeral: true, from: "latest" });
      await client.publish("ticks", record("t", 7), soon());
      await until("the event", () => events.length === 1);
      expect(events[0]!.data).toBe(7);
    });

    test("a rejected event comes again with its error, then is a dead letter that can be replayed and purged", async () => {
      const client = (await open()).client("c-1");
      const errors: (string | undefined)[] = [];
      let broken = true;
      const { events } = await listen(client, {
        topic: "flaky",
        handler: async ({ event, lastError }) => {
          errors.push(lastError);
          if (broken && event.id !== "good") throw new Error(`cannot handle ${event.id}`);
        },
      });
      await client.publish("flaky", record("bad", 1, "k"), soon());
      await client.publish("flaky", record("good", 2, "k"), soon());
      await until("the dead letter", async () => (await client.dead("flaky", 10)).length === 1);
      await until("the next of its key", () => events.some(({ id }) => id === "good"));
      expect(errors).toEqual([undefined, "Error: cannot handle bad", undefined]);
      const [letter] = await client.dead("flaky", 10);
      expect(letter).toMatchObject({ subscription: "s", deliveries: 2, reason: "Error: cannot handle bad" });
      expect(letter!.event).toMatchObject({ id: "bad", data: 1, key: "k", offset: 0 });
      broken = false;
      expect(await client.replayDead("flaky", { ids: ["bad"], subscription: letter!.subscription })).toBe(1);
      await until("the replayed letter", () => events.filter(({ id }) => id === "bad").length === 3);
      await until("it to be gone", async () => (await client.dead("flaky", 10)).length === 0);
      broken = true;
      await client.publish("flaky", record("worse", 3), soon());
      await until("another dead letter", async () => (await client.dead("flaky", 10)).length === 1);
      expect(await client.purgeDead("flaky")).toBe(1);
      expect(await client.dead("flaky", 10)).toEqual([]);
    });

    test("stop waits for handlers under way; what was not begun goes to others", async () => {
      const w = await open();
      const gate = Promise.withResolvers<void>();
      const leaving = await listen(w.client("c-1"), { concurrency: 1, handler: () => gate.promise });
      const publisher = w.client("p-1");
      await publisher.publish("orders", record("first", 1), soon());
      await publisher.publish("orders", record("second", 2), soon());
      await until("the first event", () => leaving.events.length === 1);
      let stopped = false;
      const stop = leaving.handle.stop().then(() => {
        stopped = true;
      });
      const heir = await listen(w.client("c-2"), { consumer: "c-2" });
      await until("the second event", () => heir.events.length === 1);
      expect(heir.events[0]).toMatchObject({ id: "second", delivery: 1 });
      expect(stopped).toBe(false);
      gate.resolve();
      await stop;
      expect(leaving.events.map(({ id }) => id)).toEqual(["first"]);
      await until("all to be acknowledged", async () => {
        const info = (await publisher.topics()).find(({ topic }) => topic === "orders");
        return info?.subscriptions[0]?.cursor === 2;
      });
    });

    test("goes on after the system was away, without loss", async () => {
      const w = await open();
      const subscriber = w.client("c-1");
      const { events } = await listen(subscriber);
      const publisher = w.client("p-1");
      await publisher.publish("orders", record("before", 1), soon());
      await until("the first event", () => events.length === 1);
      await w.down();
      await w.up();
      await publisher.publish("orders", record("after", 2), soon());
      await until("the second event", () => events.some(({ id }) => id === "after"));
    });
  });

  describe(`${name}: looking back`, () => {
    test("reads from an offset or a time", async () => {
      const client = (await open()).client("p-1");
      for (let i = 0; i < 5; i++) await client.publish("orders", record(`e${i}`, i), soon());
      expect((await client.read("orders", { offset: 3 }, 10)).map(({ data }) => data)).toEqual([3, 4]);
      expect((await client.read("orders", { offset: 1 }, 2)).map(({ offset }) => offset)).toEqual([1, 2]);
      expect((await client.read("orders", { time: 0 }, 100)).length).toBe(5);
      expect(await client.read("orders", { time: Date.now() + 60_000 }, 100)).toEqual([]);
      expect(await codeOf(client.read("nowhere", { offset: 0 }, 1))).toBe("unknown-topic");
    });

    test("replay delivers again from there", async () => {
      const client = (await open()).client("c-1");
      const { events } = await listen(client);
      for (let i = 0; i < 4; i++) await client.publish("orders", record(`e${i}`, i), soon());
      await until("all events", () => events.length === 4);
      await client.replay("orders", "s", { offset: 2 });
      await until("the replay", () => events.length === 6);
      expect(events.slice(4).map(({ data }) => data)).toEqual([2, 3]);
      expect(await codeOf(client.replay("orders", "nobody", { offset: 0 }))).toBe("not-found");
    });

    test("topics tells of subscriptions and their lag", async () => {
      const client = (await open()).client("c-1");
      const { handle } = await listen(client);
      await handle.stop();
      await client.publish("orders", record("e", 1), soon());
      const info = (await client.topics()).find(({ topic }) => topic === "orders");
      expect(info).toMatchObject({ durability: "disk", firstOffset: 0, nextOffset: 1, messages: 1, dead: 0 });
      expect(info?.subscriptions).toMatchObject([
        { subscription: "s", consumers: [], lag: 1, cursor: 0, skipped: 0 },
      ]);
    });
  });
}
