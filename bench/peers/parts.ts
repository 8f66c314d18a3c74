import type { BusLoad } from "../bus/figures.ts";
import { type BusSide, measureDurable, measureMemory } from "../bus/side.ts";
import { makeIdentity } from "../gateway/items-run.ts";
import { treeCpuMs, treeMemory } from "../topology/processes.ts";
import { wrk } from "../wrk.ts";
import * as buses from "./bus/microcosm.ts";
import { natsBareClient, natsOwnClient } from "./bus/nats.ts";
import { rabbitmq } from "./bus/rabbitmq.ts";
import { redisAlways, redisDefault, redisEverySecond } from "./bus/redis.ts";
import { haproxy } from "./http/haproxy.ts";
import type { HttpRun } from "./http/items-app.ts";
import { microcosm } from "./http/microcosm.ts";
import { moleculer } from "./http/moleculer.ts";
import { nginx } from "./http/nginx.ts";
import type { Part } from "./part.ts";

export interface PartOptions {
  /** Of one measurement, after the warm-up. */
  readonly seconds: number;
  /** HTTP connections, each with one request under way. */
  readonly connections: number;
}

/** Long enough for the last compilation of what is hot: shorter, a side is measured while it compiles. */
const warmupSeconds = 5;
const eventBytes = 128;
const durableInFlight = 256;
const memoryInFlight = 4096;

/** The gateway path: one SQLite read behind an entry point. */
export async function gatewayPart({ seconds, connections }: PartOptions): Promise<Part<HttpRun>> {
  const identity = await makeIdentity();
  return {
    name: "gateway",
    title: "Gateway path: one item, read from SQLite, behind an HTTP entry point",
    load: `wrk -t1 -c${connections}, GET /items/250 with a bearer token, ${seconds} s after ${warmupSeconds} s of warm-up`,
    sides: [microcosm(identity), nginx, haproxy, moleculer],
    async measure({ url, pids }) {
      const load = {
        url: `${url}/items/250`,
        connections,
        headers: { authorization: `Bearer ${identity.token}` },
      };
      await wrk({ ...load, seconds: warmupSeconds });
      const cpuMs = () => pids.reduce((sum, pid) => sum + treeCpuMs(pid), 0);
      const before = cpuMs();
      const result = await wrk({ ...load, seconds });
      if (result.errors > 0) throw new Error(`${result.errors} of its answers were errors`);
      const { requestsPerSecond: perSecond, p50Ms, p99Ms } = result;
      return {
        perSecond,
        p50Ms,
        p99Ms,
        cpuMicros: ((cpuMs() - before) / (perSecond * seconds)) * 1000,
        pssMiB: pids.reduce((sum, pid) => sum + treeMemory(pid), 0) / 2 ** 20,
      };
    },
  };
}

/** Publishes that survive: each acknowledged by its broker. */
export function durablePart({ seconds }: PartOptions): Part<BusSide> {
  const load = busLoad(durableInFlight, seconds);
  return {
    name: "durable",
    title: "Durable publish, acknowledged",
    load: `one client process, ${durableInFlight} publishes under way, ${busWords(load)}`,
    sides: [buses.microcosm, natsOwnClient, natsBareClient, redisAlways, redisEverySecond, rabbitmq],
    measure: (side) => withServerCpu(side, load, () => measureDurable(side, load)),
  };
}

/** From a publisher in one process to a subscriber in another, nothing on disk. */
export function memoryPart({ seconds }: PartOptions): Part<BusSide> {
  const load = busLoad(memoryInFlight, seconds);
  return {
    name: "memory",
    title: "Publish → subscriber, in memory",
    load: `one publisher and one subscriber process, ${memoryInFlight} publishes under way where they are acknowledged, ${busWords(load)}`,
    sides: [buses.microcosm, natsOwnClient, natsBareClient, redisDefault, rabbitmq],
    measure: (side) => withServerCpu(side, load, () => measureMemory(side, load)),
  };
}

function busLoad(inFlight: number, seconds: number): BusLoad {
  return { bytes: eventBytes, inFlight, warmupMs: 1000, seconds };
}

const busWords = ({ bytes, seconds, warmupMs }: BusLoad) =>
  `events of ${bytes} bytes, ${seconds} s after ${warmupMs} ms of warm-up`;

async function withServerCpu(
  side: BusSide,
  load: BusLoad,
  measure: () => ReturnType<typeof measureDurable>,
): Promise<Record<string, number>> {
  const before = treeCpuMs(side.pid);
  const figure = await measure();
  const events = figure.perSecond * (load.seconds + load.warmupMs / 1000);
  // The warm-up is in both, its rate taken for that of the measurement.
  return { ...figure, cpuMicros: ((treeCpuMs(side.pid) - before) / events) * 1000 };
}
