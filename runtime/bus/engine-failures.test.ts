import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { TopicConfig } from "../topology/model.ts";
import { EngineFixture } from "./engine-fixture.ts";
import type { BrokerLimits } from "./limits.ts";
import { Store } from "./store.ts";

const bounds = { busyTimeoutMs: 1, fileBytes: 2 ** 30 };

let fixture: EngineFixture | undefined;
function start(topics: Record<string, Partial<TopicConfig>> = { a: {} }, limits: Partial<BrokerLimits> = {}) {
  fixture = new EngineFixture(topics, limits);
  return fixture;
}
afterEach(() => {
  fixture?.close();
  fixture = undefined;
});

describe("redelivery", () => {
  test("waits longer after each failure, with jitter in the upper half", () => {
    const f = start({ a: { maxDeliveries: 10 } });
    const consumer = f.subscribe("a");
    f.publish("a", 1);
    const delays: number[] = [];
    for (let attempt = 1; attempt < 7; attempt++) {
      const nackedAt = f.clock.now();
      consumer.nack(consumer.last(), `failure ${attempt}`);
      for (let ms = 0; consumer.received.length === attempt && ms < 2000; ms++) f.advance(1);
      expect(consumer.last().event.delivery).toBe(attempt + 1);
      expect(consumer.last().lastError).toBe(`failure ${attempt}`);
      delays.push(consumer.last().at - nackedAt);
    }
    // firstMs 100, maxMs 1000; the clock moves in whole milliseconds.
    [100, 200, 400, 800, 1000, 1000].forEach((full, i) => {
      expect(delays[i]).toBeGreaterThanOrEqual(full / 2);
      expect(delays[i]).toBeLessThanOrEqual(full + 1);
    });
  });

  test("later events of the key wait behind one that waits for its retry, others do not", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", { data: "k1", key: "k" }, { data: "k2", key: "k" }, { data: "l1", key: "l" });
    expect(consumer.received.map(({ event }) => event.data)).toEqual(["k1", "l1"]);
    consumer.nack(consumer.received[0]!);
    f.turn();
    expect(f.subscription("a")).toMatchObject({ waitingRetry: 1, inFlight: 1 });
    expect(consumer.received.length).toBe(2);
    f.advance(100);
    expect(consumer.last().event.data).toBe("k1");
    consumer.ack(consumer.last());
    f.turn();
    expect(consumer.last().event.data).toBe("k2");
  });

  test("an event not acknowledged in time comes again; its consumer's late answer changes nothing", () => {
    const f = start({ a: { ackTimeoutMs: 1000 } });
    const hung = f.subscribe("a", { consumer: "hung", credit: 1 });
    f.publish("a", 1);
    const other = f.subscribe("a", { consumer: "other" });
    f.advance(1000);
    f.advance(100);
    expect(other.last().event).toMatchObject({ data: 1, delivery: 2 });
    expect(other.last().lastError).toBe("not acknowledged within 1000 ms");
    hung.ack(hung.last());
    expect(f.subscription("a")).toMatchObject({ cursor: 0, inFlight: 1 });
    other.ack(other.last());
    expect(f.subscription("a").cursor).toBe(1);
  });

  test("a consumer that hangs gets no more events to lose", () => {
    const f = start({ a: { ackTimeoutMs: 1000 } });
    const hung = f.subscribe("a", { credit: 2 });
    f.publish("a", 1, 2, 3, 4);
    f.advance(10_000);
    expect(hung.take()).toEqual([1, 2]);
    expect(f.info("a").dead).toBe(0);
  });
});

describe("dead letters", () => {
  function withDead() {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", { id: "bad", data: "bad", key: "k" }, { data: "next", key: "k" });
    for (let i = 1; i <= 3; i++) {
      consumer.nack(consumer.last(), `failure ${i}`);
      f.advance(1000);
    }
    return { f, consumer };
  }

  test("after maxDeliveries the event is dead, with its reason, and its key goes on", () => {
    const { f, consumer } = withDead();
    expect(consumer.last().event.data).toBe("next");
    const [letter] = f.engine.dead("a", 10);
    expect(letter).toMatchObject({
      subscription: "s",
      eventId: "bad",
      offset: 0,
      deliveries: 3,
      reason: "failure 3",
    });
    expect(f.info("a").dead).toBe(1);
    f.restart();
    expect(f.engine.dead("a", 10).length).toBe(1);
    expect(f.subscribe("a").take()).toEqual(["next"]);
  });

  test("replayed, it is delivered to its own subscription; acknowledged, it is gone", () => {
    const { f, consumer } = withDead();
    const stranger = f.subscribe("a", { subscription: "other", from: "latest" });
    consumer.ack(consumer.last());
    expect(f.engine.replayDead("a", { ids: ["unknown"] })).toBe(0);
    expect(f.engine.replayDead("a", { ids: ["bad"] })).toBe(1);
    f.turn();
    expect(consumer.last().event).toMatchObject({ id: "bad", data: "bad", delivery: 4 });
    expect(consumer.last().lastError).toBe("failure 3");
    expect(stranger.received.length).toBe(0);
    consumer.ack(consumer.last());
    expect(f.info("a").dead).toBe(0);
    f.restart();
    expect(f.subscribe("a").take()).toEqual([]);
    expect(f.engine.replayDead("a")).toBe(0);
  });

  test("replayed and failed again, it is dead again", () => {
    const { f, consumer } = withDead();
    consumer.ack(consumer.last());
    f.engine.replayDead("a");
    f.turn();
    for (let i = 4; i <= 6; i++) {
      expect(consumer.last().event.delivery).toBe(i);
      consumer.nack(consumer.last(), `failure ${i}`);
      f.advance(1000);
    }
    expect(f.engine.dead("a", 10)).toMatchObject([{ deliveries: 6, reason: "failure 6" }]);
  });

  test("a replay survives a restart", () => {
    const { f, consumer } = withDead();
    consumer.ack(consumer.last());
    f.engine.replayDead("a");
    f.restart();
    expect(f.subscribe("a").take()).toEqual(["bad"]);
  });

  test("of one subscription are looked at, replayed and purged without touching another's", () => {
    const { f } = withDead();
    const other = f.subscribe("a", { subscription: "other" });
    for (let i = 1; i <= 3; i++) {
      other.nack(other.received.findLast(({ event }) => event.id === "bad")!);
      f.advance(1000);
    }
    const dead = (subscription?: string) =>
      f.engine.dead("a", 10, subscription).map((letter) => letter.subscription);
    expect(dead()).toEqual(["s", "other"]);
    expect(dead("other")).toEqual(["other"]);
    other.take();
    expect(f.engine.replayDead("a", { ids: ["bad"], subscription: "s" })).toBe(1);
    f.turn();
    expect(other.take()).toEqual([]);
    expect(dead()).toEqual(["other"]);
    expect(f.engine.purgeDead("a", { subscription: "s" })).toBe(0);
    expect(f.engine.purgeDead("a", { subscription: "other" })).toBe(1);
    expect(dead("other")).toEqual([]);
    for (const act of [
      () => f.engine.dead("a", 10, "othr"),
      () => f.engine.replayDead("a", { subscription: "othr" }),
      () => f.engine.purgeDead("a", { subscription: "othr" }),
    ]) {
      expect(act).toThrow(/no subscription othr; did you mean other\?/);
    }
  });

  test("purged, they are gone", () => {
    const { f } = withDead();
    expect(f.engine.purgeDead("a", { ids: ["other"] })).toBe(0);
    expect(f.engine.purgeDead("a")).toBe(1);
    expect(f.info("a").dead).toBe(0);
  });

  test("failures are counted over a restart", () => {
    const f = start({ a: { maxDeliveries: 2 } });
    const consumer = f.subscribe("a");
    f.publish("a", 1);
    consumer.nack(consumer.last());
    f.restart();
    const again = f.subscribe("a");
    expect(again.last().event.delivery).toBe(2);
    again.nack(again.last(), "for good");
    expect(f.info("a").dead).toBe(1);
  });
});

describe("a file that cannot be written", () => {
  test("at start: data-unwritable that names it", () => {
    const f = start();
    const inTheWay = join(f.directory, "file");
    writeFileSync(inTheWay, "");
    for (const file of [
      join(inTheWay, "broker.sqlite"),
      join(f.directory, "missing", "broker.sqlite"),
      f.directory,
    ]) {
      expect(() => new Store(file, bounds)).toThrow(MicrocosmError);
    }
    writeFileSync(join(f.directory, "garbage"), "this is no database ".repeat(100));
    expect(() => new Store(join(f.directory, "garbage"), bounds)).toThrow(/garbage.*not a database/);
  });

  test("a second broker on the same file is refused", () => {
    const f = start();
    expect(() => new Store(f.file, bounds)).toThrow(/locked/);
  });

  test("a full disk fails those publishes, and the broker goes on", () => {
    const f = start({ a: {} }, { fileBytes: 200_000 });
    f.publish("a", { data: 1, id: "one" });
    const full = f.begin("a", [{ data: "x".repeat(200_000), id: "big" }]);
    const bystander = f.begin("a", [{ data: 2 }]);
    f.turn();
    expect([full.error?.code, bystander.error?.code]).toEqual(["data-unwritable", "data-unwritable"]);
    expect(full.error?.message).toContain(f.file);
    expect(f.engine.fault()).toBeUndefined();
    expect(f.publish("a", { data: 3 }, { data: "small", id: "big" }, { data: 1, id: "one" })).toEqual([
      1, 2, 0,
    ]);
    expect(f.subscribe("a").take()).toEqual([1, 3, "small"]);
  });

  test("while there is no room at all it says so, and events already there are still delivered", () => {
    const f = start({ a: {} }, { fileBytes: 200_000 });
    const fill = () => f.publish("a", "x".repeat(3000));
    expect(() => {
      for (let i = 0; i < 100; i++) fill();
    }).toThrow(MicrocosmError);
    expect(f.engine.fault()?.code).toBe("data-unwritable");
    expect(f.info("a").messages).toBeGreaterThan(10);
    const consumer = f.subscribe("a", { ephemeral: true });
    expect(consumer.received.length).toBe(f.info("a").messages);
  });
});
