import { LatencyHistogram } from "../load/histogram.ts";
import { makePlan, type PlanOptions } from "../load/plan.ts";
import { runLoad } from "../load/run.ts";
import { CpuWindow } from "../topology/cpu-window.ts";
import { treeCpuMs } from "../topology/processes.ts";

const warmupMs = 300;
/** After so many requests a process has compiled what it runs most. */
const requestsToCompile = 3000;
const maxCompileMs = 15_000;
const compileClients = 16;

export interface LoadFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the processes under test, each request. */
  readonly cpuMicros: number;
}

/**
 * Load whose figures are thrown away, until each of so many processes has had its share: until then they interpret their
 * code, and cost several times as much.
 */
export async function warmUp(url: string, processes = 1): Promise<void> {
  const loop = { kind: "closed", clients: compileClients, thinkMs: 0 } as const;
  const maxRequests = processes * requestsToCompile;
  await runLoad(makePlan({ url, durationMs: maxCompileMs, maxRequests, warmup: 0, loop }));
}

/** CPU time of these processes and their children while nothing is asked of them, milliseconds a second. */
export async function idleCpu(pids: readonly number[], seconds: number): Promise<number> {
  const cpuMs = () => pids.reduce((sum, pid) => sum + treeCpuMs(pid), 0);
  const before = cpuMs();
  await Bun.sleep(seconds * 1000);
  return (cpuMs() - before) / seconds;
}

/** Load from a process of its own. Rejects when the target did not answer as it should. */
export async function measureLoad(
  pids: readonly number[],
  options: {
    readonly url: string;
    readonly clients: number;
    /** Of each client between two requests, on average; default 0: as much as they can. */
    readonly thinkMs?: number;
    readonly seconds: number;
  } & Pick<Partial<PlanOptions>, "method" | "headers" | "body">,
): Promise<LoadFigures> {
  const { clients, thinkMs = 0, seconds, ...request } = options;
  const plan = (durationMs: number) =>
    makePlan({ ...request, durationMs, warmup: 0, loop: { kind: "closed", clients, thinkMs } });
  await runLoad(plan(warmupMs));
  const cpu = new CpuWindow(pids);
  const load = await runLoad(plan(seconds * 1000), cpu.hooks);
  const problem = load.problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) throw new Error(`${request.url}: ${problem.message}`);
  const latencies = LatencyHistogram.decode(load.total.corrected);
  return {
    perSecond: load.perSecond,
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    cpuMicros: cpu.msPerAnswer(load) * 1000,
  };
}
