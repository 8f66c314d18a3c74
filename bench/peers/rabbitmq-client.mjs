/**
 * RabbitMQ's side of the bus measurement: `bun rabbitmq-client.mjs acked|publish|subscribe <port> <load as JSON>`. Plain
 * JavaScript, so that the type check does not need amqplib.
 */
import amqp from "amqplib";
import { Meter } from "../bus/figures.ts";

const [role, port, json] = process.argv.slice(2);
const load = JSON.parse(json);
const data = Buffer.alloc(load.bytes);
/** Events that wait for the subscriber in memory, at the most: about what Microcosm's 16 MiB hold. */
const memoryEvents = 65_536;

async function connect() {
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  connection.on("error", (error) => {
    throw error;
  });
  return connection;
}

/** Persistent messages to a durable queue; the broker confirms when they are fsynced. */
async function acked() {
  const channel = await (await connect()).createConfirmChannel();
  await channel.assertQueue("disk", { durable: true });
  const meter = new Meter(load);
  let running = true;
  const publish = () => {
    const began = performance.now();
    channel.sendToQueue("disk", data, { persistent: true }, (error) => {
      if (error) throw error;
      meter.tick(1, began);
      if (running) publish();
    });
  };
  for (let i = 0; i < load.inFlight; i++) publish();
  const figure = await meter.done;
  running = false;
  console.log(JSON.stringify(figure));
}

async function memoryChannel() {
  const channel = await (await connect()).createChannel();
  await channel.assertQueue("memory", { durable: false, maxLength: memoryEvents });
  return channel;
}

async function publish() {
  const channel = await memoryChannel();
  let running = true;
  process.once("SIGTERM", () => {
    running = false;
  });
  while (running) {
    let room = true;
    for (let i = 0; i < 256 && room; i++) room = channel.sendToQueue("memory", data, { persistent: false });
    await new Promise((resolve) => (room ? setImmediate(resolve) : channel.once("drain", resolve)));
  }
}

async function subscribe() {
  const channel = await memoryChannel();
  const meter = new Meter(load);
  await channel.consume("memory", () => meter.tick(1), { noAck: true });
  console.log("ready");
  console.log(JSON.stringify(await meter.done));
}

await { acked, publish, subscribe }[role]();
process.exit(0);
