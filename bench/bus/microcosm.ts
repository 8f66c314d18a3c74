/** Our side of the bus measurement: `bun microcosm.ts broker|acked|publish|subscribe <socket> <load as JSON>`. */
import { dirname, join } from "node:path";
import type { EventRecord } from "../../runtime/bus/broker.ts";
import { BrokerClient } from "../../runtime/bus/client.ts";
import { encodeData } from "../../runtime/bus/data.ts";
import { EventIds } from "../../runtime/bus/event-ids.ts";
import { BrokerServer } from "../../runtime/bus/server.ts";
import { systemClock, systemRandom } from "../../runtime/clock.ts";
import type { TopicConfig } from "../../runtime/topology/model.ts";
import { UnixTransport } from "../../runtime/transport/unix.ts";
import { type BusLoad, Meter } from "./figures.ts";

const [role, address, json] = process.argv.slice(2) as [string, string, string];
const load = JSON.parse(json) as BusLoad;
const self = { service: role, instance: `${role}-1`, generation: 1 };

const topic: TopicConfig = {
  durability: "disk",
  retention: { bytes: 512 * 1024 * 1024 },
  maxDeliveries: 5,
  backoff: { firstMs: 100, maxMs: 1000 },
  ackTimeoutMs: 30_000,
};

async function broker(): Promise<void> {
  const server = new BrokerServer({
    transport: new UnixTransport(),
    address,
    self,
    topics: { topics: { disk: topic, memory: { ...topic, durability: "memory" } } },
    file: join(dirname(address), "broker.sqlite"),
    clock: systemClock,
    random: systemRandom,
  });
  await server.start();
  process.once("SIGTERM", () => void server.stop());
  console.log("ready");
}

function client(): BrokerClient {
  return new BrokerClient({
    transport: new UnixTransport(),
    self,
    locate: async () => address,
    clock: systemClock,
    random: systemRandom,
  });
}

const ids = new EventIds();

/** As a service's event maker does it. */
function event(topicName: string, data: Uint8Array, time: number): EventRecord {
  return { id: ids.next(time), source: "/bench", type: topicName, time, data };
}

/** As many publishers as events may be in flight, each waiting for its acknowledgement. */
async function acked(): Promise<void> {
  const bus = client();
  const meter = new Meter(load);
  const data = encodeData(new Uint8Array(load.bytes));
  let running = true;
  const lane = async () => {
    while (running) {
      const began = performance.now();
      const now = Date.now();
      await bus.publish("disk", event("disk", data, now), now + 30_000);
      meter.tick(1, began);
    }
  };
  const lanes = Array.from({ length: load.inFlight }, lane);
  console.log(JSON.stringify(await meter.done));
  running = false;
  await Promise.all(lanes);
  await bus.stop();
}

async function publish(): Promise<void> {
  const bus = client();
  const data = encodeData(new Uint8Array(load.bytes));
  let running = true;
  process.once("SIGTERM", () => {
    running = false;
  });
  const lane = async () => {
    while (running) {
      const now = Date.now();
      await bus.publish("memory", event("memory", data, now), now + 30_000);
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, lane));
  await bus.stop();
}

async function subscribe(): Promise<void> {
  const bus = client();
  const meter = new Meter(load);
  const handled = Promise.resolve();
  const handle = await bus.subscribe({
    topic: "memory",
    subscription: "bench",
    consumer: self.instance,
    concurrency: load.inFlight,
    from: "latest",
    ephemeral: true,
    handler: () => {
      meter.tick(1);
      return handled;
    },
  });
  console.log("ready");
  console.log(JSON.stringify(await meter.done));
  await handle.stop();
  await bus.stop();
}

const roles: Readonly<Record<string, () => Promise<void>>> = { broker, acked, publish, subscribe };
await roles[role]!();
