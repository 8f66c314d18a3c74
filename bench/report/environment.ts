import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** Where figures were measured; without it they mean little. */
export interface Environment {
  readonly bun: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Load average of the minute before: what else the machine was doing. */
  readonly loadBefore: number;
}

export function readEnvironment(): Environment {
  return {
    bun: Bun.version,
    system: `${type()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    loadBefore: loadavg()[0] ?? 0,
  };
}
