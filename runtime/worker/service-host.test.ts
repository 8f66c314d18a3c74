import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { MicrocosmError } from "../../sdk/errors.ts";
import { defineService, type ServiceContext } from "../../sdk/service.ts";
import type { Event } from "../../sdk/event.ts";
import type { Broker, EventRecord, SubscribeOptions } from "../bus/broker.ts";
import { decodeData } from "../bus/data.ts";
import type { Mesh } from "../calls/mesh.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { JsonLogger } from "./logger.ts";
import { ServiceHost } from "./service-host.ts";

const notes = sqliteTable("notes", { text: text().notNull() });
const schema = { notes };
const migrations = [{ name: "1", sql: "CREATE TABLE notes (text TEXT NOT NULL);" }];
const events = {
  "note.added": z.object({ text: z.string().max(10), loud: z.boolean().default(false) }),
  "note.large": z.object({ text: z.string() }),
};
type Context = ServiceContext<typeof schema, typeof events>;
type Handler = (event: Event, ctx: Context) => unknown;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), "mh-"));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The broker's port with nothing behind it. */
class Inventory {
  readonly published: { topic: string; record: EventRecord }[] = [];
  readonly subscribed: SubscribeOptions[] = [];
  failures: MicrocosmError[] = [];
  readonly broker = {
    publish: async (topic: string, record: EventRecord) => {
      const failure = this.failures.shift();
      if (failure) throw failure;
      return this.published.push({ topic, record }) - 1;
    },
    subscribe: async (options: SubscribeOptions) => {
      const failure = this.failures.shift();
      if (failure) throw failure;
      this.subscribed.push(options);
      return { stop: async () => {} };
    },
  } as unknown as Broker;
}

interface HostOptions {
  readonly file?: string;
  readonly handler?: Handler;
  readonly topics?: readonly string[];
  readonly instance?: string;
}

async function host({
  file = ":memory:",
  handler = () => {},
  topics,
  instance = "notes-1",
}: HostOptions = {}) {
  const bus = new Inventory();
  const lines: string[] = [];
  const made = new ServiceHost({
    definition: defineService({
      database: { schema, migrations },
      events,
      subscriptions: { heard: handler },
    }),
    service: "notes",
    instance,
    file,
    durability: "process",
    env: {},
    mesh: {} as Mesh,
    broker: bus.broker,
    clock: systemClock,
    random: systemRandom,
    log: new JsonLogger(
      (line) => lines.push(line),
      () => 0,
    ),
    topics: topics && new Set(topics),
  });
  cleanups.push(() => made.stop());
  await made.start();
  const deliver = (id: string, delivery = 1) =>
    made.subscriptions.handle({
      id,
      source: "/x",
      type: "heard",
      time: "2026-01-01T00:00:00Z",
      topic: "heard",
      offset: 0,
      delivery,
      data: null,
    });
  const all = () =>
    made.context.db
      .select()
      .from(notes)
      .all()
      .map((row) => row.text);
  return { made, ctx: made.context, bus, lines, deliver, all };
}

const add = (ctx: Context, text: string) => ctx.transaction((tx) => tx.insert(notes).values({ text }).run());

describe("ctx.transaction", () => {
  test("state and events commit together; data leaves as the schema made it", async () => {
    const { made, ctx, bus, all } = await host();
    const result = ctx.transaction((tx) => {
      tx.insert(notes).values({ text: "a" }).run();
      tx.publish("note.added", { text: "a" }, { subject: "s", id: "e1" });
      return 7;
    });
    expect([result, bus.published.length]).toEqual([7, 0]);
    await made.relay.flush(1000);
    expect(all()).toEqual(["a"]);
    const [sent] = bus.published;
    expect(sent?.record).toMatchObject({
      id: "e1",
      source: "/notes",
      type: "note.added",
      subject: "s",
      key: "s",
    });
    expect(decodeData(sent!.record.data)).toEqual({ text: "a", loud: false });
  });

  test.each([
    ["a throw", () => {}, "mine"],
    [
      "an invalid event",
      (tx: never) => publish(tx, "note.added", { text: "far too long for this" }),
      "note.added: text:",
    ],
    ["an unknown topic", (tx: never) => publish(tx, "note.large", { text: "a" }), 'publishes "note.large"'],
    ["an event without a schema", (tx: never) => publish(tx, "nowhere", {}), 'no schema for "nowhere"'],
    ["async work", async () => {}, "must not be async"],
  ])("%s leaves nothing of it", async (name, work, message) => {
    const { made, ctx, bus, all } = await host({ topics: ["note.added", "heard"] });
    const attempt = () =>
      ctx.transaction((tx) => {
        tx.insert(notes).values({ text: "a" }).run();
        tx.publish("note.added", { text: "a" });
        if (name === "a throw") throw new Error("mine");
        return work(tx as never);
      });
    expect(attempt).toThrow(message);
    await made.relay.flush(1000);
    expect([all(), bus.published]).toEqual([[], []]);
    add(ctx, "after");
    expect(all()).toEqual(["after"]);
  });

  test("an event too large for the broker is refused before it is committed", async () => {
    const { ctx } = await host();
    const attempt = () => ctx.transaction((tx) => tx.publish("note.large", { text: "x".repeat(1_000_000) }));
    expect(attempt).toThrow(expect.objectContaining({ code: "body-too-large" }));
  });

  test("nested: the inner one's failure can be survived", async () => {
    const { made, ctx, bus, all } = await host();
    ctx.transaction((tx) => {
      tx.insert(notes).values({ text: "outer" }).run();
      const inner = () =>
        ctx.transaction((deep) => {
          deep.publish("note.added", { text: "lost" });
          throw new Error("inner");
        });
      expect(inner).toThrow("inner");
      ctx.transaction((deep) => deep.publish("note.added", { text: "kept" }));
    });
    await made.relay.flush(1000);
    expect(all()).toEqual(["outer"]);
    expect(bus.published.map(({ record }) => decodeData(record.data))).toEqual([
      { text: "kept", loud: false },
    ]);
  });

  test("publishing after its end is refused", async () => {
    const { ctx } = await host();
    let late = () => {};
    ctx.transaction((tx) => {
      late = () => tx.publish("note.added", { text: "a" });
    });
    expect(() => late()).toThrow("after its transaction had ended");
  });
});

function publish(tx: never, topic: string, data: unknown): unknown {
  return (tx as { publish(topic: string, data: unknown): void }).publish(topic, data);
}

describe("ctx.publish", () => {
  test("resolves with the broker's offset; rejects what is invalid before it leaves", async () => {
    const { ctx, bus } = await host();
    expect(await ctx.publish("note.added", { text: "a" }, { id: "e" })).toEqual({ id: "e", offset: 0 });
    await expect(ctx.publish("note.added", { text: "far too long for this" })).rejects.toMatchObject({
      code: "event-invalid",
    });
    expect(bus.published).toHaveLength(1);
  });
});

describe("subscriptions", () => {
  test("a redelivered event has no second effect; a crash before the commit leaves it for next time", async () => {
    let crash = true;
    const { deliver, all } = await host({
      handler: (event, ctx) =>
        ctx.transaction((tx) => {
          tx.insert(notes).values({ text: event.id }).run();
          if (crash) throw new Error("crash");
        }),
    });
    await expect(deliver("a")).rejects.toThrow("crash");
    crash = false;
    for (const delivery of [2, 3]) await deliver("a", delivery);
    expect(all()).toEqual(["a"]);
  });

  test("several transactions of one delivery all count; none of a redelivery does", async () => {
    const { deliver, all } = await host({
      handler: (event, ctx) => {
        add(ctx, `${event.id} 1`);
        add(ctx, `${event.id} 2`);
      },
    });
    await deliver("a");
    await deliver("a", 2);
    expect(all()).toEqual(["a 1", "a 2"]);
  });

  test("a handler that catches everything cannot undo what took effect", async () => {
    const { deliver, all } = await host({
      handler: (_event, ctx) => {
        try {
          add(ctx, "done");
        } catch {
          add(ctx, "compensated");
          throw new Error("and failed");
        }
      },
    });
    await deliver("a");
    await deliver("a", 2);
    expect(all()).toEqual(["done"]);
  });

  test("what a handler publishes continues the event's trace, and ctx.request() is the event", async () => {
    const seen: (string | undefined)[] = [];
    const { made, bus, lines } = await host({
      handler: async (_event, ctx) => {
        await Bun.sleep(1);
        seen.push(ctx.request()?.requestId);
        ctx.log.info("heard");
        ctx.transaction((tx) => tx.publish("note.added", { text: "a" }));
      },
    });
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    await made.subscriptions.handle({
      id: "e1",
      source: "/x",
      type: "heard",
      time: "",
      topic: "heard",
      offset: 0,
      delivery: 1,
      data: null,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    });
    await made.relay.flush(1000);
    expect(seen).toEqual(["e1"]);
    expect(bus.published[0]?.record.traceparent).toContain(traceId);
    expect(made.context.request()).toBeUndefined();
    const heard = lines.map((line) => JSON.parse(line)).find((line) => line.message === "heard");
    expect(heard).toMatchObject({ requestId: "e1", traceId, spanId: expect.any(String) });
  });

  test("two instances on one file: a delivery to the other one is known", async () => {
    const file = join(folder(), "notes.sqlite");
    const handler: Handler = (event, ctx) => add(ctx, event.id);
    const one = await host({ file, handler });
    const other = await host({ file, handler, instance: "notes-2" });
    await one.deliver("a");
    await other.deliver("a", 2);
    expect(other.all()).toEqual(["a"]);
  });

  test("subscribing waits for a broker that is away, and fails for a topic that is not", async () => {
    const { made, bus } = await host();
    bus.failures = [new MicrocosmError("broker-unavailable", "away")];
    await made.subscriptions.start();
    expect(bus.subscribed).toMatchObject([{ topic: "heard", subscription: "notes", consumer: "notes-1" }]);
    bus.failures = [new MicrocosmError("unknown-topic", "no such topic")];
    await expect(made.subscriptions.start()).rejects.toMatchObject({ code: "unknown-topic" });
  });
});

describe("ctx.every", () => {
  test("runs on one of two instances at a time, and moves on when that one stops", async () => {
    const file = join(folder(), "notes.sqlite");
    const ran: string[] = [];
    const hosts = [await host({ file }), await host({ file, instance: "notes-2" })];
    for (const { ctx } of hosts) ctx.every(5, () => ran.push(ctx.instance));
    await Bun.sleep(60);
    const first = ran[0]!;
    expect(new Set(ran)).toEqual(new Set([first]));
    expect(ran.length).toBeGreaterThan(1);
    await hosts.find(({ ctx }) => ctx.instance === first)?.made.stop();
    const before = ran.length;
    for (let i = 0; i < 200 && ran.length === before; i++) await Bun.sleep(10);
    expect(ran.at(-1)).not.toBe(first);
  });

  test("work that throws is logged and runs again; work under way is waited for", async () => {
    const { made, ctx, lines } = await host();
    let runs = 0;
    let ended = false;
    ctx.every(1, async () => {
      if (++runs === 1) throw new Error("once");
      await Bun.sleep(20);
      ended = true;
    });
    while (runs < 2) await Bun.sleep(1);
    await made.stop();
    expect([ended, lines.some((line) => line.includes("Error: once"))]).toEqual([true, true]);
  });

  test("an interval that is none is refused", async () => {
    const { ctx } = await host();
    expect(() => ctx.every(0, () => {})).toThrow("ctx.every");
  });
});
