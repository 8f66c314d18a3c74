import { answeredInTime, type LoadResult } from "../load/result.ts";
import type { RunHooks } from "../load/run.ts";
import { treeCpuMs } from "./processes.ts";

/**
 * CPU time of processes and all that they started, between the start and the end of a load's measurement: what a scenario's
 * setup and the warm-up cost is in neither. `hooks` are for `runLoad`.
 */
export class CpuWindow {
  /** NaN until the measurement is over. */
  usedMs = Number.NaN;
  readonly hooks: Pick<RunHooks, "begins" | "ends">;

  constructor(pids: readonly number[]) {
    const cpuMs = () => pids.reduce((sum, pid) => sum + treeCpuMs(pid), 0);
    let before = Number.NaN;
    this.hooks = {
      begins: () => {
        before = cpuMs();
      },
      ends: () => {
        this.usedMs = cpuMs() - before;
      },
    };
  }

  /** Of each request that was answered while measuring; NaN without any. */
  msPerAnswer(load: Pick<LoadResult, "flow">): number {
    const answers = answeredInTime(load);
    return answers === 0 ? Number.NaN : this.usedMs / answers;
  }
}
