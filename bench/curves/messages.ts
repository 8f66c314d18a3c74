import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pssOf } from "../boot/pss.ts";
import type { EventRecord } from "../../runtime/bus/broker.ts";
import { BrokerClient } from "../../runtime/bus/client.ts";
import { encodeData } from "../../runtime/bus/data.ts";
import { systemClock, systemRandom } from "../../runtime/clock.ts";
import { UnixTransport } from "../../runtime/transport/unix.ts";
import { startReady } from "../processes.ts";
import { treeCpuMs } from "../topology/processes.ts";
import type { Curve, Figures } from "./curve.ts";
import { lowerQuartile, quartileOf } from "./repeat.ts";

const topic = "history";
const eventBytes = 128;
const inFlight = 8192;
const measuredPublishes = 50_000;
const times = 40;
const deadlineMs = 60_000;

/** A log of 10 million events: what it costs the broker to have them. */
export const messages: Curve = {
  name: "messages",
  title: "A history of events",
  xLabel: "events in the topic's log",
  how: `A broker with one durable topic and so many events of ${eventBytes} bytes, started anew for each point, three times, the fastest. A subscription is moved back by a third of the log, by offset and by time, until its first event is there; ${times} times, the lower quartile.`,
  sizes: [10_000, 100_000, 1_000_000, 10_000_000],
  expectations: [
    { figure: "publishCpuMicros", shape: "flat" },
    { figure: "loneAckMs", shape: "flat" },
    { figure: "replayOffsetMs", shape: "flat" },
    { figure: "replayTimeMs", shape: "flat" },
    { figure: "readMs", shape: "flat" },
    { figure: "topicsMs", shape: "flat" },
    { figure: "startMs", shape: "flat" },
    { figure: "pssMiB", shape: "flat" },
  ],
  async measure(sizes, _options, { point }) {
    const directory = mkdtempSync(join(tmpdir(), "mc-events-"));
    try {
      for (const x of sizes) {
        const filling = await startBroker(directory);
        try {
          await fill(filling.bus, x);
        } finally {
          await filling.stop();
        }
        await written(directory);
        const startMs = Math.min(await startAndStop(directory), await startAndStop(directory));
        const broker = await startBroker(directory);
        try {
          const figures = await measure(broker, x);
          point({ x, figures: { ...figures, startMs: Math.min(startMs, broker.startMs) } });
        } finally {
          await broker.stop();
        }
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

interface RunningBroker {
  readonly bus: BrokerClient;
  readonly pid: number;
  readonly startMs: number;
  stop(): Promise<void>;
}

async function startBroker(directory: string): Promise<RunningBroker> {
  const address = join(directory, "b.sock");
  const began = performance.now();
  const child = await startReady([
    process.execPath,
    join(import.meta.dir, "history-broker.ts"),
    directory,
    topic,
  ]);
  const startMs = performance.now() - began;
  const bus = new BrokerClient({
    transport: new UnixTransport(),
    self: { service: "curves", instance: "curves-1", generation: 1 },
    locate: async () => address,
    clock: systemClock,
    random: systemRandom,
  });
  const stop = async () => {
    await bus.stop();
    await child.stop();
  };
  return { bus, pid: child.process.pid, startMs, stop };
}

const data = encodeData(new Uint8Array(eventBytes));

function event(): EventRecord {
  return { id: Bun.randomUUIDv7(), source: "/curves", type: topic, time: Date.now(), data };
}

const publish = (bus: BrokerClient) => bus.publish(topic, event(), Date.now() + deadlineMs);

async function publishMany(bus: BrokerClient, count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await publish(bus);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
}

async function fill(bus: BrokerClient, total: number): Promise<void> {
  const known = (await bus.topics()).find((info) => info.topic === topic)?.messages ?? 0;
  await publishMany(bus, Math.max(0, total - known));
}

/** What was filled in is on the disk: else the measured broker's fsyncs wait behind gigabytes of it. */
async function written(directory: string): Promise<void> {
  await Bun.spawn(["sync", "--file-system", directory], { stdin: "ignore" }).exited;
}

async function startAndStop(directory: string): Promise<number> {
  const broker = await startBroker(directory);
  await broker.stop();
  return broker.startMs;
}

async function measure({ bus, pid }: RunningBroker, size: number): Promise<Figures> {
  // The first publish reads the ids of the last events back in; the memory is that of a broker that has done so.
  const began = performance.now();
  await publish(bus);
  const firstAckMs = performance.now() - began;
  const before = treeCpuMs(pid);
  await publishMany(bus, measuredPublishes);
  const publishCpuMicros = ((treeCpuMs(pid) - before) / measuredPublishes) * 1000;
  const loneAckMs = await quartileOf(times, async () => void (await publish(bus)));
  const offset = Math.floor(size / 3);
  const [middle] = await bus.read(topic, { offset }, 1);
  const time = Date.parse(middle!.time);
  return {
    publishCpuMicros,
    loneAckMs,
    firstAckMs,
    replayOffsetMs: await replayMs(bus, { offset }),
    replayTimeMs: await replayMs(bus, { time }),
    readMs: await quartileOf(times, async () => void (await bus.read(topic, { offset }, 100))),
    topicsMs: await quartileOf(times, async () => void (await bus.topics())),
    pssMiB: pssOf(pid) / 2 ** 20,
  };
}

/** From asking for the past to its first event; the subscription is ended and made anew each time. */
async function replayMs(bus: BrokerClient, from: { offset: number } | { time: number }): Promise<number> {
  const found: number[] = [];
  let arrived = Promise.withResolvers<void>();
  const handle = await bus.subscribe({
    topic,
    subscription: "replayer",
    consumer: "curves-1",
    concurrency: 16,
    from: "latest",
    handler: async () => arrived.resolve(),
  });
  try {
    for (let i = 0; i < times; i++) {
      // Back to the end, where nothing comes, before the next one is timed.
      await bus.replay(topic, "replayer", { time: Date.now() + deadlineMs });
      await Bun.sleep(20);
      arrived = Promise.withResolvers<void>();
      const began = performance.now();
      await bus.replay(topic, "replayer", from);
      await arrived.promise;
      found.push(performance.now() - began);
    }
  } finally {
    await handle.stop();
  }
  return lowerQuartile(found);
}
