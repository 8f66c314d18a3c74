import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";

/** Where figures were measured; without it they mean little. */
export interface Environment {
  readonly bun: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Cores that were busy right before: what else the machine was doing. A load average would count what was measured last. */
  readonly busyBefore: number;
}

const watchedMs = 250;

/** Takes a quarter of a second. To be called before anything is measured. */
export function readEnvironment(): Environment {
  return {
    bun: Bun.version,
    system: `${type()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    busyBefore: busyCores(),
  };
}

function busyCores(): number {
  const before = coreTimes();
  Bun.sleepSync(watchedMs);
  const after = coreTimes();
  const all = after.all - before.all;
  return all === 0 ? 0 : (availableParallelism() * (after.busy - before.busy)) / all;
}

/** Of all cores together since the machine's start, ms. */
function coreTimes(): { readonly busy: number; readonly all: number } {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, all: busy + idle };
}
