import { afterEach, describe, expect, test } from "bun:test";
import type { TopicConfig } from "../topology/model.ts";
import { EngineFixture } from "./engine-fixture.ts";
import type { BrokerLimits } from "./limits.ts";

let fixture: EngineFixture | undefined;
function start(topics: Record<string, Partial<TopicConfig>> = { a: {} }, limits: Partial<BrokerLimits> = {}) {
  fixture = new EngineFixture(topics, limits);
  return fixture;
}
afterEach(() => {
  fixture?.close();
  fixture = undefined;
});

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("reading", () => {
  test("from an offset or a time, over blocks, within the limit", () => {
    const f = start();
    const times: number[] = [];
    for (const batch of [numbers(0, 5), numbers(5, 6), numbers(6, 20)]) {
      times.push(f.clock.now());
      f.publish("a", ...batch);
      f.advance(1000);
    }
    const read = (from: { offset: number } | { time: number }, limit = 100) => {
      const offsets: number[] = [];
      f.engine.read("a", from, limit, (offset) => offsets.push(offset));
      return offsets;
    };
    expect(read({ offset: 3 }, 4)).toEqual([3, 4, 5, 6]);
    expect(read({ offset: 99 })).toEqual([]);
    expect(read({ offset: 0 })).toEqual(numbers(0, 20));
    expect(read({ time: 0 })[0]).toBe(0);
    expect(read({ time: times[1]! })[0]).toBe(5);
    expect(read({ time: times[1]! + 1 })[0]).toBe(6);
    expect(read({ time: f.clock.now() })).toEqual([]);
    f.restart();
    expect(read({ time: times[2]! })).toEqual(numbers(6, 20));
  });

  test("a subscriber far behind is served from the file", () => {
    const f = start({ a: {} }, { cacheBytes: 500, windowEvents: 64 });
    for (let i = 0; i < 300; i += 3) f.publish("a", i, i + 1, i + 2);
    const consumer = f.subscribe("a", { credit: 10 });
    const seen: unknown[] = [];
    while (consumer.received.length > 0) {
      const batch = consumer.received.splice(0);
      seen.push(...batch.map(({ event }) => event.data));
      consumer.ack(...batch);
      f.turn();
    }
    expect(seen).toEqual(numbers(0, 300));
  });
});

describe("replay", () => {
  test("from an offset: everything from there comes again, to that subscription only", () => {
    const f = start();
    const consumer = f.subscribe("a");
    const other = f.subscribe("a", { subscription: "other" });
    f.publish("a", 0, 1, 2, 3);
    consumer.ack(...consumer.received.splice(0));
    other.ack(...other.received.splice(0));
    f.engine.replay("a", "s", { offset: 2 });
    f.turn();
    expect(consumer.take()).toEqual([2, 3]);
    expect(other.take()).toEqual([]);
  });

  test("from a time, and forward over what nobody wants", () => {
    const f = start();
    f.publish("a", 0, 1);
    f.advance(1000);
    const time = f.clock.now();
    f.publish("a", 2, 3);
    const consumer = f.subscribe("a", { credit: 1 });
    expect(consumer.take()).toEqual([0]);
    f.engine.replay("a", "s", { time });
    consumer.seat.ack(1, 1);
    f.turn();
    expect(consumer.take()).toEqual([2]);
    expect(f.subscription("a").cursor).toBe(2);
  });

  test("is on disk at once", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", 0, 1, 2);
    consumer.ack(...consumer.received);
    f.engine.replay("a", "s", { offset: 1 });
    f.restart();
    expect(f.subscribe("a").take()).toEqual([1, 2]);
  });

  test("an event of a key in flight is waited for before its key goes on", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", { data: "k1", key: "k" }, { data: "k2", key: "k" });
    f.engine.replay("a", "s", { offset: 0 });
    f.engine.replay("a", "s", { offset: 0 });
    f.turn();
    expect(consumer.received.length).toBe(1);
    consumer.nack(consumer.received[0]!);
    f.turn();
    expect(consumer.received.map(({ event }) => event.data)).toEqual(["k1", "k1"]);
    consumer.ack(consumer.last());
    f.turn();
    consumer.ack(consumer.last());
    expect(f.subscription("a")).toMatchObject({ cursor: 2, inFlight: 0 });
  });

  test("of a subscription that is not there names a close one", () => {
    const f = start();
    f.subscribe("a", { subscription: "notifications" });
    expect(() => f.engine.replay("a", "notification", { offset: 0 })).toThrow(/did you mean notifications\?/);
  });
});

describe("retention", () => {
  test("by age, in bounded steps", () => {
    const f = start({ a: { retention: { ageMs: 60_000 } } }, { retentionBlocks: 2 });
    for (let i = 0; i < 7; i++) f.publish("a", i);
    f.advance(50_000);
    f.publish("a", "new");
    expect(f.info("a").messages).toBe(8);
    f.advance(16_000);
    expect(f.info("a")).toMatchObject({ firstOffset: 7, nextOffset: 8, messages: 1 });
    f.advance(60_000);
    expect(f.info("a")).toMatchObject({ firstOffset: 8, nextOffset: 8, messages: 0, bytes: 0 });
    f.restart();
    expect(f.publish("a", "later")).toEqual([8]);
  });

  test("by size, never the newest block", () => {
    const f = start({ a: { retention: { bytes: 1000 } } });
    for (let i = 0; i < 10; i++) f.publish("a", "x".repeat(300));
    f.advance(6000);
    const { bytes, messages } = f.info("a");
    expect(messages).toBe(2);
    expect(bytes).toBeLessThanOrEqual(1000);
    f.publish("a", "x".repeat(5000));
    f.advance(6000);
    expect(f.info("a").messages).toBe(1);
  });

  test("wins over a subscription that lags, which says how much it missed", () => {
    const f = start({ a: { retention: { ageMs: 60_000 } } });
    const consumer = f.subscribe("a", { credit: 2 });
    for (let i = 0; i < 10; i++) f.publish("a", i);
    expect(consumer.received.length).toBe(2);
    f.advance(70_000);
    f.publish("a", "new");
    const late = consumer.received.splice(0);
    // Both were taken away by their ack timeout meanwhile, and come again from memory.
    consumer.ack(...late);
    f.advance(2000);
    while (consumer.received.length > 0) {
      consumer.ack(...consumer.received.splice(0));
      f.advance(2000);
    }
    expect(f.subscription("a")).toMatchObject({ skipped: 8, lag: 0, cursor: 11 });
  });
});

describe("subscriptions that come and go", () => {
  test("latest means the moment of subscribing, also after a restart", () => {
    const f = start();
    f.publish("a", 1);
    f.subscribe("a", { from: "latest" });
    f.restart();
    f.publish("a", 2);
    expect(f.subscribe("a", { from: "latest" }).take()).toEqual([2]);
  });

  test("an ephemeral one is forgotten with its last consumer", () => {
    const f = start();
    const tail = f.subscribe("a", { subscription: "tail", ephemeral: true, from: "latest" });
    f.publish("a", 1);
    expect(tail.take()).toEqual([1]);
    for (let i = 0; i < 3; i++) {
      tail.seat.nack(i + 1, "no");
      f.advance(1000);
    }
    tail.seat.leave(true);
    expect(f.info("a")).toMatchObject({ subscriptions: [], dead: 0 });
    f.restart();
    expect(f.info("a").subscriptions).toEqual([]);
  });

  test("a subscription without consumers keeps its place and costs nothing", () => {
    const f = start();
    const consumer = f.subscribe("a");
    consumer.seat.leave(true);
    f.publish("a", 1, 2);
    expect(f.subscription("a")).toMatchObject({ consumers: [], lag: 2, inFlight: 0 });
    expect(f.subscribe("a").take()).toEqual([1, 2]);
  });
});
