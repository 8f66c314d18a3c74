/** A broker as a process of its own, to be killed: `bun crash-broker.ts <socket> <file>`. Ends when its stdin does. */
import { systemClock, systemRandom } from "../clock.ts";
import { UnixTransport } from "../transport/unix.ts";
import { diskTopic } from "./engine-fixture.ts";
import { BrokerServer } from "./server.ts";

const [address, file] = process.argv.slice(2);
if (address === undefined || file === undefined) throw new Error("usage: crash-broker.ts <socket> <file>");

const server = new BrokerServer({
  transport: new UnixTransport(),
  address,
  self: { service: "broker", instance: "broker-1", generation: 1 },
  topics: { topics: { orders: { ...diskTopic, maxDeliveries: 1000 } } },
  file,
  clock: systemClock,
  random: systemRandom,
});
await server.start();
console.log("ready");
for await (const _ of Bun.stdin.stream()) {
  // Nothing is said; only the end counts.
}
await server.stop();
