import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "../../sdk/event.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { UnixTransport } from "../transport/unix.ts";
import { record, until } from "./broker.case.ts";
import { BrokerClient } from "./client.ts";

const kills = 6;
const publishers = 4;
/** Events of one publisher on their way at once. */
const inFlight = 16;

test("killed again and again, the broker loses nothing it acknowledged, repeats nothing in the log, and keeps each key's order", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bus-crash-"));
  const address = join(directory, "b.sock");
  const start = async () => {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "crash-broker.ts"), address, join(directory, "broker.sqlite")],
      { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
    );
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("ready\n");
    return child;
  };
  const clients: BrokerClient[] = [];
  const client = (instance: string) => {
    const made = new BrokerClient({
      transport: new UnixTransport(),
      self: { service: instance, instance, generation: 1 },
      locate: async () => address,
      clock: systemClock,
      random: systemRandom,
      limits: { retryMaxMs: 50 },
    });
    clients.push(made);
    return made;
  };
  let broker = await start();
  try {
    const acknowledged = new Map<string, number>();
    let publishing = true;
    /** Publishes 0, 1, 2… under one key, several at once, until told to stop. */
    const publish = async (key: string) => {
      const bus = client(key);
      let next = 0;
      const lane = async () => {
        while (publishing) {
          const n = next++;
          const id = `${key}-${n}`;
          acknowledged.set(id, await bus.publish("orders", record(id, n, key), Date.now() + 60_000));
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
    };
    const seenIds = new Set<string>();
    /** By key, the event to be seen for the first time next. */
    const next = new Map<string, number>();
    const outOfOrder: string[] = [];
    for (const consumer of ["c-1", "c-2"]) {
      await client(consumer).subscribe({
        topic: "orders",
        subscription: "s",
        consumer,
        concurrency: 8,
        from: "earliest",
        handler: async ({ event: { id, key = "", data } }) => {
          const expected = next.get(key) ?? 0;
          // Acknowledgements that the kill took come again: back, then forward, but never past one not seen yet.
          if ((data as number) > expected) outOfOrder.push(id);
          if (data === expected) next.set(key, expected + 1);
          seenIds.add(id);
        },
      });
    }
    const keys = Array.from({ length: publishers }, (_, i) => `k${i}`);
    const running = keys.map(publish);

    for (let kill = 0; kill < kills; kill++) {
      const before = acknowledged.size;
      await until("publishing to go on", () => acknowledged.size > before + 200);
      await Bun.sleep(Math.random() * 20);
      broker.kill("SIGKILL");
      await broker.exited;
      broker = await start();
    }
    publishing = false;
    await Promise.all(running);

    const reader = client("reader");
    const log: Event[] = [];
    for (;;) {
      const page = await reader.read("orders", { offset: log.length }, 10_000);
      if (page.length === 0) break;
      log.push(...page);
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 200);
    expect(log.map(({ offset }) => offset)).toEqual(log.map((_, i) => i));
    expect(new Set(log.map(({ id }) => id)).size).toBe(log.length);
    const wrong = [...acknowledged].filter(([id, offset]) => log[offset]?.id !== id);
    expect(wrong).toEqual([]);
    for (const key of keys) {
      const order = log.filter((event) => event.key === key).map(({ data }) => data as number);
      expect(order).toEqual(order.map((_, i) => i));
    }
    await until("the subscription to catch up", () =>
      [...acknowledged.keys()].every((id) => seenIds.has(id)),
    );
    expect(outOfOrder).toEqual([]);
  } finally {
    await Promise.all(clients.map((each) => each.stop()));
    broker.stdin.end();
    await broker.exited;
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
