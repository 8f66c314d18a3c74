/**
 * Redis streams' side of the bus measurement: `bun redis-client.ts acked|publish|subscribe <port> <load as JSON>`. Uses Bun's
 * own client, which is native code and sends what a turn of the event loop brings in one write.
 */
import { RedisClient } from "bun";
import { type BusLoad, Meter } from "../bus/figures.ts";

const [role, port, json] = process.argv.slice(2) as [string, string, string];
const load = JSON.parse(json) as BusLoad;
const data = "x".repeat(load.bytes);
/** Events that the topic in memory keeps: about what Microcosm's 16 MiB hold. */
const memoryEvents = "65536";
const eventsPerRead = "4096";

function client(): RedisClient {
  return new RedisClient(`redis://127.0.0.1:${port}`);
}

/** As many publishers as events may be in flight, each waiting for its acknowledgement. */
async function lanes(publish: () => Promise<unknown>, isRunning: () => boolean): Promise<void> {
  const lane = async () => {
    while (isRunning()) await publish();
  };
  await Promise.all(Array.from({ length: load.inFlight }, lane));
}

async function acked(): Promise<void> {
  const redis = client();
  const meter = new Meter(load);
  let running = true;
  const ended = lanes(
    async () => {
      const began = performance.now();
      await redis.send("XADD", ["disk", "*", "d", data]);
      meter.tick(1, began);
    },
    () => running,
  );
  const figure = await meter.done;
  running = false;
  await ended;
  console.log(JSON.stringify(figure));
}

async function publish(): Promise<void> {
  const redis = client();
  let running = true;
  process.once("SIGTERM", () => {
    running = false;
  });
  await lanes(
    () => redis.send("XADD", ["memory", "MAXLEN", "~", memoryEvents, "*", "d", data]),
    () => running,
  );
}

async function subscribe(): Promise<void> {
  const redis = client();
  const meter = new Meter(load);
  let from = "$";
  let running = true;
  void meter.done.then((figure) => {
    running = false;
    console.log(JSON.stringify(figure));
    process.exit(0);
  });
  console.log("ready");
  while (running) {
    const answer: unknown = await redis.send("XREAD", [
      "COUNT",
      eventsPerRead,
      "BLOCK",
      "0",
      "STREAMS",
      "memory",
      from,
    ]);
    const events = eventsOf(answer);
    from = events.at(-1)![0];
    meter.tick(events.length);
  }
}

/** Of one stream: RESP3 answers with a map, RESP2 with pairs. */
function eventsOf(answer: unknown): [id: string, fields: unknown][] {
  const streams = Array.isArray(answer)
    ? (answer as [string, unknown][]).map(([, events]) => events)
    : Object.values(answer as object);
  return streams[0] as [string, unknown][];
}

const roles: Readonly<Record<string, () => Promise<void>>> = { acked, publish, subscribe };
await roles[role]!();
process.exit(0);
