import { readFileSync } from "node:fs";
import { eventually, Run } from "../kit/run.ts";
import { load } from "./load.ts";
import { slope } from "./slope.ts";

export interface Growth {
  readonly instance: string;
  /** Mean of the first and the last tenth of the samples, MiB. */
  readonly firstMiB: number;
  readonly lastMiB: number;
  /** Theil–Sen slope after the warm-up, MiB a minute. */
  readonly slope: number;
}

const sampleMs = 500;

/** Loads the shop and follows the resident memory of every process, the supervisor's included (Linux). */
export async function measureGrowth(warmUpMs: number, durationMs: number): Promise<Growth[]> {
  await using run = await Run.start();
  const pids = new Map([["supervisor", run.pid]]);
  for (const instance of await run.instances()) pids.set(instance.id, instance.pid as number);
  const began = Date.now();
  const loading = load(run, 8, began + warmUpMs + durationMs);
  const samples = new Map([...pids.keys()].map((id) => [id, [] as [number, number][]]));
  await Bun.sleep(warmUpMs);
  while (Date.now() < began + warmUpMs + durationMs) {
    for (const [id, pid] of pids) samples.get(id)?.push([(Date.now() - began) / 60_000, residentMiB(pid)]);
    await Bun.sleep(sampleMs);
  }
  const { requests, wrong } = await loading;
  process.stdout.write(`${requests} requests in ${Math.round((warmUpMs + durationMs) / 1000)} s\n`);
  if (wrong > 0) throw new Error(`${wrong} of ${requests} requests were not answered as they should`);
  await eventually(
    "the same processes as before",
    async () => {
      const now = await run.instances();
      return now.every((instance) => pids.get(instance.id) === instance.pid);
    },
    1000,
  );
  return [...samples].map(([instance, points]) => growth(instance, points));
}

function growth(instance: string, points: readonly (readonly [number, number])[]): Growth {
  const tenth = Math.max(1, Math.floor(points.length / 10));
  const mean = (part: readonly (readonly [number, number])[]) =>
    part.reduce((sum, [, y]) => sum + y, 0) / part.length;
  return {
    instance,
    firstMiB: mean(points.slice(0, tenth)),
    lastMiB: mean(points.slice(-tenth)),
    slope: slope(points),
  };
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

export function formatGrowth(all: readonly Growth[]): string {
  return all
    .map(
      ({ instance, firstMiB, lastMiB, slope: perMinute }) =>
        `${instance.padEnd(18)} ${firstMiB.toFixed(1).padStart(7)} → ${lastMiB.toFixed(1).padStart(7)} MiB   ${perMinute.toFixed(2).padStart(7)} MiB/min`,
    )
    .join("\n");
}
