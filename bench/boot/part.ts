import { join } from "node:path";
import { spread } from "../measure.ts";
import type { Part } from "../peers/part.ts";
import { microcosmVersion, type Side } from "../peers/side.ts";
import { startReady } from "../processes.ts";
import { pssOf } from "./pss.ts";

const root = join(import.meta.dir, "..", "..");
const settleMs = 1000;

interface Started {
  /** The processes whose memory is compared. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/**
 * `up` of the shop to the first 200 through the gateway, beside spawning as many bare Bun workers that import hono and
 * drizzle-orm; and the memory (PSS) of a service beside such a worker.
 */
export function bootPart(): Part<Started> {
  // As many as the run before had; the shop comes first in the first round.
  let workers = 0;
  const shop: Side<Started> = {
    name: "Microcosm",
    version: microcosmVersion,
    does: "`up` of the shop with new databases, the supervisor's own start included, until the first 200 through the gateway; memory of a service, median",
    config: "topology.yaml",
    async start() {
      const run = await startShop();
      workers = run.workers;
      return run;
    },
  };
  const bare: Side<Started> = {
    name: "bare Bun workers",
    version: () => Bun.version,
    does: "as many as the shop has: import hono and drizzle-orm, say that they are there, and wait",
    config: "bench/boot/bare-worker.ts",
    start: () => startBare(workers),
  };
  return {
    name: "boot",
    title: "Start and memory",
    load: "no request but the first; PSS a second after all are ready",
    sides: [shop, bare],
    async measure({ pids }) {
      await Bun.sleep(settleMs);
      return { pssMiB: spread(pids.map(pssOf)).median / 2 ** 20 };
    },
  };
}

interface ReadyLine {
  readonly gateway: string;
  readonly instances: readonly { readonly pid: number; readonly role: string }[];
}

async function startShop(): Promise<Started & { readonly workers: number }> {
  const up = ["up", join(root, "topology.yaml"), "--ephemeral", "--port=0", "--control-port=0", "--json"];
  // An admin's password that is made up is told on the terminal, in the midst of the figures.
  const env = { ...process.env, MICROCOSM_ADMIN_PASSWORD: crypto.randomUUID() };
  const child = await startReady([process.execPath, join(root, "main.ts"), ...up], { env });
  try {
    const { gateway, instances } = JSON.parse(child.line) as ReadyLine;
    const response = await fetch(`${gateway}/v1/products?limit=1`);
    if (response.status !== 200) throw new Error(`the first answer was ${response.status}`);
    const pids = instances.filter(({ role }) => role === "service").map(({ pid }) => pid);
    return { pids, workers: instances.length, stop: child.stop };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function startBare(count: number): Promise<Started> {
  const worker = [process.execPath, join(import.meta.dir, "bare-worker.ts")];
  const started = await Promise.allSettled(Array.from({ length: count }, () => startReady(worker)));
  const children = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stop = async () => void (await Promise.all(children.map((child) => child.stop())));
  const failed = started.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { pids: children.map((child) => child.process.pid), stop };
}
