import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger } from "../../sdk/service.ts";
import type { EventRecord } from "../bus/broker.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { migrate } from "./migrate.ts";
import { openStorage } from "./open.ts";
import { Outbox } from "./outbox.ts";
import { OutboxRelay, type OutboxRelayOptions } from "./relay.ts";

/** The relay's sending takes turns of the real event loop, too. */
class RelayClock extends VirtualClock {
  override async pass(ms: number): Promise<void> {
    await super.pass(ms);
    await settle();
  }
}

const settle = () => Bun.sleep(5);

let storage: ReturnType<typeof openStorage>;
let outbox: Outbox;
let clock: RelayClock;
let sent: string[];
let logged: string[];
let relays: OutboxRelay[];

beforeEach(async () => {
  storage = openStorage({ file: ":memory:", schema: {} });
  await migrate(storage.client, { file: "t", migrations: [] });
  outbox = new Outbox(storage);
  clock = new RelayClock(1000);
  sent = [];
  logged = [];
  relays = [];
});
afterEach(() => {
  for (const relay of relays) relay.stop();
  storage.close();
});

const log = Object.fromEntries(
  ["debug", "info", "notice", "warn", "error"].map((level) => [
    level,
    (message: string) => logged.push(`${level}: ${message}`),
  ]),
) as unknown as Logger;

type Publish = OutboxRelayOptions["publish"];
const take: Publish = async (topic, record) => void sent.push(`${topic} ${record.id}`);

function relay(publish: Publish = take, more: Partial<OutboxRelayOptions> = {}): OutboxRelay {
  const made = new OutboxRelay({ outbox, publish, clock, log, ...more });
  relays.push(made);
  return made;
}

function add(...ids: string[]): void {
  for (const id of ids) {
    outbox.add("t", {
      id,
      source: "/x",
      type: "t",
      time: 1,
      data: new Uint8Array([1]),
    } satisfies EventRecord);
  }
}

describe("OutboxRelay", () => {
  test("sends in order after a wake, and forgets what was acknowledged", async () => {
    const it = relay();
    it.start();
    add("a", "b", "c");
    it.wake();
    await settle();
    expect(sent).toEqual(["t a", "t b", "t c"]);
    expect(outbox.isEmpty()).toBe(true);
  });

  test("finds what another instance left, at its start and when it is woken", async () => {
    add("before");
    const it = relay();
    it.start();
    await settle();
    expect(sent).toEqual(["t before"]);
    add("left");
    it.wake();
    await settle();
    expect(sent).toEqual(["t before", "t left"]);
  });

  test("sets no timer while there is nothing to send", async () => {
    const it = relay();
    it.start();
    add("a");
    it.wake();
    await settle();
    expect(sent).toEqual(["t a"]);
    expect(clock.timers).toBe(0);
  });

  test("more than a batch goes in batches", async () => {
    const atOnce: number[] = [];
    let open = 0;
    const it = relay(
      async (topic, record, deadline) => {
        atOnce.push(++open);
        await Bun.sleep(0);
        open--;
        return take(topic, record, deadline);
      },
      { batchRows: 2 },
    );
    it.start();
    add("a", "b", "c", "d", "e");
    await it.flush(1000);
    expect(sent).toEqual(["t a", "t b", "t c", "t d", "t e"]);
    expect(Math.max(...atOnce)).toBe(2);
  });

  test("keeps everything while the broker is away, says so once, and goes on when it is back", async () => {
    let away = true;
    const it = relay(async (topic, record, deadline) => {
      if (away) throw new MicrocosmError("broker-unavailable", "not there");
      return take(topic, record, deadline);
    });
    it.start();
    add("a", "b");
    it.wake();
    for (let i = 0; i < 3; i++) await clock.pass(1000);
    expect(sent).toEqual([]);
    away = false;
    await clock.pass(1500);
    expect(sent).toEqual(["t a", "t b"]);
    expect(logged).toEqual([
      "warn: The broker does not take events; they wait in the outbox",
      "info: The broker takes events again",
    ]);
  });

  test("an event that is refused for good does not hold up the others, and has a second chance at the next start", async () => {
    let refuse = true;
    const publish: Publish = async (topic, record, deadline) => {
      if (refuse && record.id === "a") throw new MicrocosmError("unknown-topic", "no such topic");
      return take(topic, record, deadline);
    };
    const first = relay(publish);
    first.start();
    add("a", "b");
    await first.flush(1000);
    expect(sent).toEqual(["t b"]);
    expect(logged[0]).toStartWith("error: An event for t cannot be sent");
    first.stop();
    refuse = false;
    const second = relay(publish);
    second.start();
    await second.flush(1000);
    expect(sent).toEqual(["t b", "t a"]);
  });

  test("an event committed while a batch is under way leaves without another wake's help", async () => {
    const gate = Promise.withResolvers<void>();
    const it = relay(async (topic, record, deadline) => {
      if (record.id === "a") await gate.promise;
      return take(topic, record, deadline);
    });
    it.start();
    add("a");
    it.wake();
    await settle();
    add("b");
    it.wake();
    await settle();
    gate.resolve();
    await settle();
    expect(sent).toEqual(["t a", "t b"]);
  });

  test("two instances on one file: nothing is lost, doubles carry the same id", async () => {
    const both = [relay(), relay()];
    for (const it of both) it.start();
    add("a", "b", "c");
    await Promise.all(both.map((it) => it.flush(1000)));
    expect(new Set(sent)).toEqual(new Set(["t a", "t b", "t c"]));
    expect(outbox.isEmpty()).toBe(true);
  });

  test("flush gives up at its bound; after stop the database is left alone", async () => {
    const gate = Promise.withResolvers<void>();
    const it = relay(() => gate.promise);
    it.start();
    add("a");
    const flushing = it.flush(50);
    await clock.pass(50);
    await flushing;
    it.stop();
    gate.resolve();
    await settle();
    expect(outbox.isEmpty()).toBe(false);
  });

  test("a database that fails is told and does not end it", async () => {
    const it = relay();
    it.start();
    storage.client.run("ALTER TABLE microcosm_outbox RENAME TO elsewhere");
    it.wake();
    await clock.pass(1500);
    expect(logged[0]).toStartWith("error: The outbox cannot be read or written");
    storage.client.run("ALTER TABLE elsewhere RENAME TO microcosm_outbox");
    add("a");
    await clock.pass(1500);
    expect(sent).toEqual(["t a"]);
  });

  test("bad options name their key", () => {
    expect(() => relay(take, { batchRows: 0 })).toThrow("batchRows");
  });
});
