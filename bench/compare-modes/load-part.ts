import { LatencyHistogram } from "../load/histogram.ts";
import { type Loop, makePlan } from "../load/plan.ts";
import { failedShare, type LoadResult } from "../load/result.ts";
import { type RunHooks, runLoad } from "../load/run.ts";
import { CpuWindow } from "../topology/cpu-window.ts";
import { treeMemory } from "../topology/processes.ts";
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
  /** Of the whole tree, while measuring. */
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
  hooks: RunHooks,
): Promise<LoadValues> {
  await Bun.sleep(settleMs);
  const idleBytes = treeMemory(subject.run.pid);
  const cpu = new CpuWindow([subject.run.pid]);
  const closed = await closedLoop(subject.url, options, { ...hooks, ...cpu.hooks });
  const loop: Loop = { kind: "open", arrivals: { kind: "poisson", rate } };
  const { scenarioFile, measureMs } = options;
  const open = await load({ url: subject.url, scenarioFile, loop, measureMs, seed }, hooks);
  const latencies = LatencyHistogram.decode(open.total.corrected);
  return {
    startMs: subject.startMs,
    idleBytes,
    loadedBytes: treeMemory(subject.run.pid),
    perSecond: closed.perSecond,
    cpuMsPerRequest: cpu.msPerAnswer(closed),
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    p999Ms: latencies.percentileMs(99.9),
    failedShare: failedShare(open.total),
  };
}

export function closedLoop(
  url: string,
  { scenarioFile, clients, measureMs, seed }: CompareModesOptions,
  hooks: RunHooks,
): Promise<LoadResult> {
  return load({ url, scenarioFile, loop: { kind: "closed", clients, thinkMs: 0 }, measureMs, seed }, hooks);
}

/** Turns of the scenario that it begins in a second. */
export function turnsPerSecond({ due, measuredMs }: LoadResult): number {
  return (due / measuredMs) * 1000;
}

/** Rejects when it was interrupted: half a measurement is none. */
export async function load(
  options: {
    readonly url: string;
    readonly scenarioFile?: string | undefined;
    readonly loop: Loop;
    readonly measureMs: number;
    readonly seed: number;
  },
  hooks: RunHooks,
): Promise<LoadResult> {
  const { url, scenarioFile, loop, measureMs, seed } = options;
  const scenario = scenarioFile === undefined ? {} : { scenarioFile };
  const found = await runLoad(
    makePlan({ url, loop, durationMs: measureMs, warmup: warmupMs, seed, ...scenario }),
    hooks,
  );
  hooks.signal?.throwIfAborted();
  return found;
}
