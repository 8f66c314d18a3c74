/** `bun history-broker.ts <directory> <topic>`: a broker that keeps everything, on `b.sock` in the directory. */
import { join } from "node:path";
import { BrokerServer } from "../../runtime/bus/server.ts";
import { systemClock, systemRandom } from "../../runtime/clock.ts";
import type { TopicConfig } from "../../runtime/topology/model.ts";
import { UnixTransport } from "../../runtime/transport/unix.ts";

const [directory, topic] = process.argv.slice(2) as [string, string];
const config: TopicConfig = {
  durability: "disk",
  retention: {},
  maxDeliveries: 5,
  backoff: { firstMs: 100, maxMs: 1000 },
  ackTimeoutMs: 30_000,
};
const server = new BrokerServer({
  transport: new UnixTransport(),
  address: join(directory, "b.sock"),
  self: { service: "broker", instance: "broker-1", generation: 1 },
  topics: { topics: { [topic]: config } },
  file: join(directory, "broker.sqlite"),
  clock: systemClock,
  random: systemRandom,
});
await server.start();
process.once("SIGTERM", () => void server.stop());
console.log("ready");
