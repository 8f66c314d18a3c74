import { LatencyHistogram } from "../load/histogram.ts";
import { type Loop, makePlan } from "../load/plan.ts";
import { failedShare, type LoadResult } from "../load/result.ts";
import { runLoad } from "../load/run.ts";
import { treeCpuMs, treeMemory } from "../topology/processes.ts";
import type { CompareModesOptions } from "./options.ts";
import type { Subject } from "./subject.ts";

const warmupMs = 1000;
/** After the start, before memory is looked at: what a start throws away is gone then. */
const settleMs = 1000;

export interface LoadValues {
  readonly startMs: number;
  readonly idleBytes: number;
  readonly loadedBytes: number;
  readonly perSecond: number;
  /** Of the whole tree. */
  readonly cpuMsPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly failedShare: number;
}

/** What a mode can do in a closed loop, and how it answers at a rate that both can do. */
export async function measureLoad(
  subject: Subject,
  options: CompareModesOptions,
  rate: number,
  seed: number,
): Promise<LoadValues> {
  await Bun.sleep(settleMs);
  const idleBytes = treeMemory(subject.run.pid);
  const cpuBefore = treeCpuMs(subject.run.pid);
  const closed = await closedLoop(subject.url, options, options.measureMs);
  const cpuMs = treeCpuMs(subject.run.pid) - cpuBefore;
  const loop: Loop = { kind: "open", arrivals: { kind: "poisson", rate } };
  const open = await load(subject.url, options.scenarioFile, loop, options.measureMs, seed);
  const latencies = LatencyHistogram.decode(open.total.corrected);
  return {
    startMs: subject.startMs,
    idleBytes,
    loadedBytes: treeMemory(subject.run.pid),
    perSecond: closed.perSecond,
    // The warm-up's requests cost as well.
    cpuMsPerRequest: cpuMs / (closed.total.replied + closed.warmup.replies),
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    p999Ms: latencies.percentileMs(99.9),
    failedShare: failedShare(open.total),
  };
}

export function closedLoop(
  url: string,
  options: CompareModesOptions,
  durationMs: number,
): Promise<LoadResult> {
  const loop: Loop = { kind: "closed", clients: options.clients, thinkMs: 0 };
  return load(url, options.scenarioFile, loop, durationMs, options.seed);
}

/** Turns of the scenario that it begins in a second. */
export function turnsPerSecond({ due, measuredMs }: LoadResult): number {
  return (due / measuredMs) * 1000;
}

export function load(
  url: string,
  scenarioFile: string | undefined,
  loop: Loop,
  durationMs: number,
  seed: number,
): Promise<LoadResult> {
  const scenario = scenarioFile === undefined ? {} : { scenarioFile };
  return runLoad(makePlan({ url, loop, durationMs, warmup: warmupMs, seed, ...scenario }));
}
