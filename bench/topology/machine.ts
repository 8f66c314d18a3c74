import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** What the cores that this process may use did over a stretch of time, whoever did it; a run is taken to have the same. */
export interface MachineUse {
  readonly cores: number;
  /** Of these cores; undefined where the system does not tell (elsewhere than on Linux). */
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

function readTicks(): Ticks | undefined {
  try {
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return parseTicks(readFileSync("/proc/stat", "utf8"), parseCpuList(allowed ?? ""));
  } catch {
    return undefined;
  }
}

/** `0-2,5`, as the kernel writes sets of cores. */
export function parseCpuList(text: string): Set<number> {
  const cores = new Set<number>();
  for (const [, first, last = first] of text.matchAll(/(\d+)(?:-(\d+))?/g)) {
    for (let core = Number(first); core <= Number(last); core++) cores.add(core);
  }
  return cores;
}

/**
 * The lines of /proc/stat of these cores: user nice system idle iowait irq softirq steal. Of all cores the share would be
 * small where a run is held to some of them, however full those are.
 */
export function parseTicks(text: string, cores: ReadonlySet<number>): Ticks | undefined {
  let sum: Ticks | undefined;
  for (const [, core, line = ""] of text.matchAll(/^cpu(\d+)\s+(.*)$/gm)) {
    if (!cores.has(Number(core))) continue;
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
      .trim()
      .split(/\s+/)
      .map(Number);
    const busy = user + nice + system + irq + softirq + steal;
    sum = { busy: (sum?.busy ?? 0) + busy, all: (sum?.all ?? 0) + busy + idle + iowait };
  }
  return sum;
}
