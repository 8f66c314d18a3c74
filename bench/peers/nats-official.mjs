/**
 * NATS's side of the bus measurement with its own client, used as its documentation shows: `bun nats-official.mjs
 * acked|publish|subscribe <port> <load as JSON>`. Plain JavaScript, so that the type check does not need these packages.
 */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Meter } from "../bus/figures.ts";

const [role, port, json] = process.argv.slice(2);
const load = JSON.parse(json);
const data = new Uint8Array(load.bytes);
const connection = await connect({ servers: `127.0.0.1:${port}` });

async function acked() {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "BENCH",
    subjects: ["disk"],
    storage: "file",
    max_bytes: 512 * 1024 * 1024,
  });
  const js = jetstream(connection);
  const meter = new Meter(load);
  let running = true;
  const lane = async () => {
    while (running) {
      const began = performance.now();
      await js.publish("disk", data);
      meter.tick(1, began);
    }
  };
  const lanes = Array.from({ length: load.inFlight }, lane);
  console.log(JSON.stringify(await meter.done));
  running = false;
  await Promise.all(lanes);
}

async function publish() {
  let running = true;
  process.once("SIGTERM", () => {
    running = false;
  });
  while (running) {
    for (let i = 0; i < load.inFlight; i++) connection.publish("memory", data);
    await connection.flush();
  }
}

async function subscribe() {
  const meter = new Meter(load);
  connection.subscribe("memory", { callback: () => meter.tick(1) });
  await connection.flush();
  console.log("ready");
  console.log(JSON.stringify(await meter.done));
}

await { acked, publish, subscribe }[role]();
await connection.close();
process.exit(0);
