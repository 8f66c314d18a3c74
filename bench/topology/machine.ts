import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** What the whole machine did over a stretch of time, whoever did it. */
export interface MachineUse {
  readonly cores: number;
  /** Of all cores; undefined where the system does not tell (elsewhere than on Linux). */
  readonly busyShare: number | undefined;
}

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** Construct at the beginning, ask at the end. */
export class MachineWatch {
  readonly #begin = readTicks();

  use(): MachineUse {
    const [begin, end] = [this.#begin, readTicks()];
    const cores = availableParallelism();
    if (begin === undefined || end === undefined || end.all <= begin.all)
      return { cores, busyShare: undefined };
    return { cores, busyShare: (end.busy - begin.busy) / (end.all - begin.all) };
  }
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
function readTicks(): Ticks | undefined {
  try {
    return parseTicks(readFileSync("/proc/stat", "utf8"));
  } catch {
    return undefined;
  }
}

export function parseTicks(text: string): Ticks | undefined {
  const line = /^cpu\s+(.*)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, all: busy + idle + iowait };
}
