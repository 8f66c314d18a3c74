import { afterEach, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import type { MicrocosmError } from "../../sdk/errors.ts";
import type { TopicConfig } from "../topology/model.ts";
import { diskTopic, EngineFixture } from "./engine-fixture.ts";
import type { BrokerLimits } from "./limits.ts";

let fixture: EngineFixture | undefined;
function start(
  topics: Record<string, Partial<TopicConfig>> = { a: {} },
  limits: Partial<BrokerLimits> = {},
  auto?: TopicConfig,
) {
  fixture = new EngineFixture(topics, limits, auto);
  return fixture;
}
afterEach(() => {
  fixture?.close();
  fixture = undefined;
});

function codeOf(work: () => unknown): [string, string] {
  try {
    work();
  } catch (error) {
    return [(error as MicrocosmError).code, (error as Error).message];
  }
  throw new Error("it did not throw");
}

describe("publish", () => {
  test("acknowledges after the commit and not before, with dense offsets", () => {
    const f = start();
    const first = f.begin("a", [{ data: 1 }, { data: 2 }]);
    const second = f.begin("a", [{ data: 3 }]);
    expect(first.offsets).toBeUndefined();
    expect(f.info("a").messages).toBe(0);
    f.turn();
    expect([first.offsets, second.offsets]).toEqual([0, 2]);
    expect(f.info("a")).toMatchObject({ firstOffset: 0, nextOffset: 3, messages: 3 });
  });

  test("a topic in memory acknowledges at once and is bounded by its size", () => {
    const f = start({ m: { durability: "memory", retention: { bytes: 400 } } });
    expect(f.begin("m", [{ data: 0 }]).offsets).toBe(0);
    for (let i = 1; i < 50; i++) f.begin("m", [{ data: i }]);
    const { bytes, nextOffset, firstOffset } = f.info("m");
    expect(nextOffset).toBe(50);
    expect(firstOffset).toBeGreaterThan(30);
    expect(bytes).toBeLessThanOrEqual(400);
  });

  test("events are there after a restart, those of a memory topic are not", () => {
    const f = start({ a: {}, m: { durability: "memory" } });
    f.publish("a", 1, 2);
    f.publish("m", 1);
    f.restart();
    expect(f.info("a").messages).toBe(2);
    expect(f.info("m").messages).toBe(0);
    expect(f.publish("a", 3)).toEqual([2]);
    expect(f.subscribe("a").take()).toEqual([1, 2, 3]);
  });

  test("the same id again has no effect and gets the first offset", () => {
    const f = start();
    f.publish("a", { id: "x", data: 1 }, { id: "y", data: 2 });
    expect(
      f.begin("a", [
        { id: "z", data: 3 },
        { id: "x", data: 1 },
        { id: "w", data: 4 },
        { id: "w", data: 4 },
      ]),
    ).toEqual({});
    f.turn();
    expect(f.publish("a", { id: "y", data: 2 }, { id: "v", data: 5 })).toEqual([1, 4]);
    expect(f.subscribe("a").take()).toEqual([1, 2, 3, 4, 5]);
    f.restart();
    expect(f.publish("a", { id: "w", data: 4 }, { id: "u", data: 6 })).toEqual([3, 5]);
  });

  test("offsets of a batch with repetitions are listed one by one", () => {
    const f = start();
    f.publish("a", { id: "x", data: 1 });
    const outcome = f.begin("a", [
      { id: "y", data: 2 },
      { id: "x", data: 1 },
      { id: "z", data: 3 },
    ]);
    f.turn();
    expect(outcome.offsets).toEqual([1, 0, 2]);
  });

  test("an id is forgotten after its window", () => {
    const f = start({ a: {} }, { dedupeMs: 1000, dedupeIds: 1000 });
    f.publish("a", { id: "x", data: 1 });
    f.advance(1000);
    expect(f.publish("a", { id: "x", data: 1 })).toEqual([0]);
    f.advance(1000);
    f.publish("a", { id: "other", data: 2 });
    f.advance(1000);
    expect(f.publish("a", { id: "x", data: 3 })).toEqual([2]);
  });

  test("an id is known after a restart, however long the broker was away", () => {
    const f = start({ a: {} }, { dedupeMs: 1000, dedupeIds: 1000 });
    f.publish("a", { id: "old", data: 1 });
    f.advance(5000);
    f.publish("a", { id: "x", data: 2 });
    f.engine.stop();
    f.advance(3_600_000);
    f.restart();
    expect(f.publish("a", { id: "x", data: 2 }, { id: "old", data: 3 })).toEqual([1, 2]);
  });

  test("an unknown topic is an error that names a close one", () => {
    const f = start({ "order.placed": {}, "order.confirmed": {} });
    const [code, message] = codeOf(() => f.publish("order.place", 1));
    expect(code).toBe("unknown-topic");
    expect(message).toContain("order.place ");
    expect(message).toContain("did you mean order.placed?");
    expect(codeOf(() => f.subscribe("nothing"))[0]).toBe("unknown-topic");
  });

  test("with autoCreate a topic appears on first use, and again after a restart", () => {
    const f = start({}, {}, diskTopic);
    expect(f.publish("new.topic", 1)).toEqual([0]);
    f.restart();
    expect(f.publish("new.topic", 2)).toEqual([1]);
    expect(codeOf(() => f.publish("../x", 1))[0]).toBe("unknown-topic");
  });

  test("more than may wait for the disk is overloaded", () => {
    const f = start({ a: {} }, { pendingBytes: 200 });
    f.begin("a", [{ data: "x".repeat(100) }]);
    expect(codeOf(() => f.begin("a", [{ data: "x".repeat(100) }]))[0]).toBe("overloaded");
    f.turn();
    expect(f.publish("a", 1)).toEqual([1]);
  });
});

describe("order and competition", () => {
  test("one event per key is in flight over all consumers, keyless ones are free", () => {
    const f = start();
    const one = f.subscribe("a", { consumer: "c-1" });
    const two = f.subscribe("a", { consumer: "c-2" });
    f.publish(
      "a",
      { data: "k1", key: "k" },
      { data: "k2", key: "k" },
      { data: "free", key: "l" },
      { data: "f2" },
      { data: "f3" },
    );
    const all = [...one.received, ...two.received];
    expect(all.map(({ event }) => event.data).sort()).toEqual(["f2", "f3", "free", "k1"]);
    expect(one.received.length).toBe(2);
    const holder = one.received.some(({ event }) => event.data === "k1") ? one : two;
    holder.ack(holder.received.find(({ event }) => event.data === "k1")!);
    f.turn();
    expect([...one.received, ...two.received].map(({ event }) => event.data)).toContain("k2");
  });

  test("a consumer never has more than its credit", () => {
    const f = start();
    const consumer = f.subscribe("a", { credit: 3 });
    f.publish("a", ...Array.from({ length: 10 }, (_, i) => i));
    expect(consumer.received.length).toBe(3);
    consumer.ack(consumer.received[1]!);
    f.turn();
    expect(consumer.take()).toEqual([0, 1, 2, 3]);
    expect(f.subscription("a")).toMatchObject({ inFlight: 3, lag: 10, cursor: 0 });
  });

  test("subscriptions are independent", () => {
    const f = start();
    f.publish("a", 1);
    const late = f.subscribe("a", { subscription: "late", from: "latest" });
    const early = f.subscribe("a", { subscription: "early" });
    f.publish("a", 2);
    expect(late.take()).toEqual([2]);
    expect(early.take()).toEqual([1, 2]);
  });

  test("what a vanished consumer had goes to others at once, in order, and counts as delivered", () => {
    const f = start();
    const gone = f.subscribe("a", { consumer: "gone" });
    f.publish("a", 1, 2, 3);
    const heir = f.subscribe("a", { consumer: "heir" });
    gone.ack(gone.received[1]!);
    gone.seat.leave(false);
    f.turn();
    expect(heir.received.map(({ event }) => [event.data, event.delivery])).toEqual([
      [1, 2],
      [3, 2],
    ]);
    expect(heir.last().lastError).toContain("gone went away");
  });

  test("what a leaving consumer did not begin does not count as delivered", () => {
    const f = start();
    const leaving = f.subscribe("a");
    f.publish("a", 1);
    leaving.seat.leave(true);
    expect(f.subscribe("a", { consumer: "heir" }).last().event.delivery).toBe(1);
  });

  test("a paused consumer gets nothing more, what it gives back goes to others", () => {
    const f = start();
    const leaving = f.subscribe("a", { consumer: "leaving" });
    f.publish("a", 1, 2);
    leaving.seat.pause();
    leaving.seat.release(2, 2);
    f.publish("a", 3);
    expect(leaving.take()).toEqual([1, 2]);
    expect(f.subscribe("a", { consumer: "heir" }).take()).toEqual([2, 3]);
  });

  test("a clogged link is passed over until it drains", () => {
    const f = start();
    const clogged = f.subscribe("a");
    clogged.writable = false;
    f.publish("a", 1);
    expect(clogged.received.length).toBe(0);
    expect(f.subscription("a").paused).toBe(true);
    clogged.writable = true;
    clogged.seat.resume();
    f.turn();
    expect(clogged.take()).toEqual([1]);
  });
});

describe("the window above the cursor", () => {
  test("acknowledgements out of order move the cursor only over what is done", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", 0, 1, 2, 3);
    const [first, ...rest] = consumer.received;
    consumer.ack(...rest);
    expect(f.subscription("a")).toMatchObject({ cursor: 0, inFlight: 1 });
    consumer.ack(first!);
    expect(f.subscription("a")).toMatchObject({ cursor: 4, inFlight: 0, lag: 0 });
  });

  test("when it is full the subscription pauses, and goes on when the oldest is done", () => {
    const f = start({ a: {} }, { windowEvents: 4 });
    const consumer = f.subscribe("a");
    f.publish("a", 0, 1, 2, 3, 4, 5);
    expect(consumer.received.length).toBe(4);
    consumer.ack(...consumer.received.slice(1));
    f.turn();
    expect(consumer.received.length).toBe(4);
    expect(f.subscription("a").paused).toBe(true);
    consumer.ack(consumer.received[0]!);
    f.turn();
    expect(consumer.take()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("is bounded in bytes too", () => {
    const f = start({ a: {} }, { windowBytes: 1000 });
    const consumer = f.subscribe("a");
    f.publish("a", ...Array.from({ length: 20 }, () => "x".repeat(300)));
    expect(consumer.received.length).toBe(3);
  });

  test("survives a restart: done is done, the rest comes again", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", 0, 1, 2, 3, 4);
    consumer.ack(consumer.received[0]!, consumer.received[2]!, consumer.received[3]!);
    f.restart();
    expect(f.subscribe("a").take()).toEqual([1, 4]);
    f.restart();
    expect(f.subscribe("a").take()).toEqual([1, 4]);
  });

  test("acknowledgements reach the disk by themselves, in a bounded time", () => {
    const f = start({ a: {} }, { ackFlushMs: 50 });
    const consumer = f.subscribe("a");
    f.publish("a", 0, 1);
    consumer.ack(consumer.received[0]!);
    f.turn();
    f.advance(50);
    // A broker that is killed writes nothing more: what the file says now is what the next one finds.
    const copy = new EngineFixture({ a: {} });
    copy.engine.stop();
    cpSync(f.directory, copy.directory, { recursive: true });
    copy.restart();
    expect(copy.subscription("a").cursor).toBe(1);
    copy.close();
  });

  test("tags that are not in flight are ignored", () => {
    const f = start();
    const consumer = f.subscribe("a");
    f.publish("a", 0);
    consumer.seat.ack(7, 9);
    consumer.seat.nack(12, "no");
    consumer.seat.ack(1, 1);
    consumer.seat.ack(1, 1);
    expect(f.subscription("a").cursor).toBe(1);
  });
});
