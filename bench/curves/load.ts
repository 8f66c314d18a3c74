import { LatencyHistogram } from "../load/histogram.ts";
import { makePlan, type PlanOptions } from "../load/plan.ts";
import { runLoad } from "../load/run.ts";
import { treeCpuMs } from "../topology/processes.ts";

const warmupMs = 1000;
const compileMs = 3000;
const compileClients = 16;

export interface LoadFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the processes under test, each request. */
  readonly cpuMicros: number;
}

/** Load whose figures are thrown away: until then a new process interprets its code, and costs several times as much. */
export async function warmUp(url: string): Promise<void> {
  const loop = { kind: "closed", clients: compileClients, thinkMs: 0 } as const;
  await runLoad(makePlan({ url, durationMs: compileMs, warmup: 0, loop }));
}

/** Load from a process of its own. Rejects when the target did not answer as it should. */
export async function measureLoad(
  pids: readonly number[],
  options: { readonly url: string; readonly clients: number; readonly seconds: number } & Pick<
    Partial<PlanOptions>,
    "method" | "headers" | "body"
  >,
): Promise<LoadFigures> {
  const { clients, seconds, ...request } = options;
  const cpuMs = () => pids.reduce((sum, pid) => sum + treeCpuMs(pid), 0);
  const plan = (durationMs: number) =>
    makePlan({ ...request, durationMs, warmup: 0, loop: { kind: "closed", clients, thinkMs: 0 } });
  await runLoad(plan(warmupMs));
  const before = cpuMs();
  const load = await runLoad(plan(seconds * 1000));
  const usedMs = cpuMs() - before;
  const problem = load.problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) throw new Error(`${request.url}: ${problem.message}`);
  const latencies = LatencyHistogram.decode(load.total.corrected);
  return {
    perSecond: load.perSecond,
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    cpuMicros: (usedMs / load.total.replied) * 1000,
  };
}
