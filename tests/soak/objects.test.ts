import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrokerClient } from "../../runtime/bus/client.ts";
import { encodeData } from "../../runtime/bus/data.ts";
import { BrokerServer } from "../../runtime/bus/server.ts";
import type { Mesh } from "../../runtime/calls/mesh.ts";
import { systemClock, systemRandom } from "../../runtime/clock.ts";
import { Recorder } from "../../runtime/telemetry/recorder/recorder.ts";
import type { TopicConfig } from "../../runtime/topology/model.ts";
import { MemoryTransport } from "../../runtime/transport/memory.ts";
import { ServiceHost } from "../../runtime/worker/service-host.ts";
import { payments } from "../../services/payments/service.ts";

const eventsPerRound = 800;
/** The engine's own objects come and go by some hundreds; one object an event would be twice this. */
const noise = eventsPerRound;

const topic: TopicConfig = {
  durability: "disk",
  retention: {},
  maxDeliveries: 5,
  backoff: { firstMs: 100, maxMs: 1000 },
  ackTimeoutMs: 30_000,
};
const topics = ["stock.reserved", "order.cancelled", "payment.captured", "payment.failed"];
const silent = { debug() {}, info() {}, notice() {}, warn() {}, error() {} };

test("an event leaves no object behind: in the broker, its clients, a service's host, its spans", async () => {
  const directory = mkdtempSync(join(tmpdir(), "objects-"));
  const [transport, clock, random] = [new MemoryTransport(), systemClock, systemRandom];
  const peer = (service: string) => ({ service, instance: `${service}-1`, generation: 1 });
  const server = new BrokerServer({
    transport,
    address: "broker",
    self: peer("broker"),
    topics: { topics: Object.fromEntries(topics.map((name) => [name, topic])) },
    file: join(directory, "broker.sqlite"),
    clock,
    random,
  });
  await server.start();
  const client = (service: string) =>
    new BrokerClient({ transport, self: peer(service), locate: async () => "broker", clock, random });
  const [inventory, own] = [client("inventory"), client("payments")];
  const recorder = new Recorder({
    owner: peer("payments"),
    sample: 0.1,
    slowMs: 10_000,
    ringBytes: 128 * 1024,
  });
  const host = new ServiceHost({
    definition: payments,
    service: "payments",
    instance: "payments-1",
    file: join(directory, "payments.sqlite"),
    durability: "process",
    env: {},
    mesh: {} as Mesh,
    broker: own,
    clock,
    random,
    log: silent,
    recorder,
  });
  await host.start();
  await host.subscriptions.start();
  let captured = 0;
  await inventory.subscribe({
    topic: "payment.captured",
    subscription: "inventory",
    consumer: "inventory-1",
    concurrency: 64,
    from: "earliest",
    handler: async () => void captured++,
  });

  let sent = 0;
  const round = async () => {
    const until = sent + eventsPerRound;
    while (sent < until) {
      const orderId = `order-${sent++}`;
      const data = encodeData({ orderId, totalCents: 1250, currency: "EUR", payment: { token: "tok_ok" } });
      const record = { id: Bun.randomUUIDv7(), source: "/inventory", type: "stock.reserved", data };
      const about = { time: clock.now(), subject: orderId, key: orderId };
      await inventory.publish("stock.reserved", { ...record, ...about }, clock.now() + 10_000);
    }
    while (captured < sent) await Bun.sleep(5);
    while (recorder.batch(clock.now(), false) !== undefined);
    await Bun.sleep(20);
    Bun.gc(true);
    return heapStats().objectCount;
  };

  try {
    await round();
    const before = await round();
    await round();
    const after = await round();
    expect(after - before).toBeLessThan(noise);
  } finally {
    await host.stop();
    await Promise.all([inventory.stop(), own.stop()]);
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
