import { readdirSync, readFileSync } from "node:fs";
import { pssOf } from "../boot/pss.ts";

/** What a process has used since it began. */
export interface Usage {
  /** Nanoseconds on a core, all threads that live. */
  readonly cpuNs: number;
  /** How often one of its threads went to sleep, that is, was woken. */
  readonly wakeUps: number;
}

/**
 * Of one process (Linux). From the kernel's schedstat, which counts in nanoseconds: /proc/pid/stat counts in ticks of 10 ms,
 * more than an idle process uses in many seconds.
 */
export function usageOf(pid: number): Usage {
  let cpuNs = 0;
  let wakeUps = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const folder = `/proc/${pid}/task/${task}`;
      cpuNs += Number(readFileSync(`${folder}/schedstat`, "latin1").split(" ")[0]);
      const status = readFileSync(`${folder}/status`, "latin1");
      wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    } catch {
      // the thread ended while it was looked at
    }
  }
  return { cpuNs, wakeUps };
}

/** By kind of process: the supervisor, its built-in workers, the services together. */
export interface KindUsage {
  readonly kind: string;
  readonly processes: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly wakeUpsPerSecond: number;
}

export interface TreeMember {
  readonly pid: number;
  readonly kind: string;
}

/** What the processes use over `windowMs`, by kind. */
export async function watch(tree: readonly TreeMember[], windowMs: number): Promise<KindUsage[]> {
  const began = performance.now();
  const before = tree.map(({ pid }) => usageOf(pid));
  await Bun.sleep(windowMs);
  const seconds = (performance.now() - began) / 1000;
  const kinds = new Map<string, { processes: number; cpuNs: number; wakeUps: number }>();
  for (const [index, { pid, kind }] of tree.entries()) {
    const after = usageOf(pid);
    const sum = kinds.get(kind) ?? { processes: 0, cpuNs: 0, wakeUps: 0 };
    kinds.set(kind, {
      processes: sum.processes + 1,
      cpuNs: sum.cpuNs + after.cpuNs - before[index]!.cpuNs,
      wakeUps: sum.wakeUps + after.wakeUps - before[index]!.wakeUps,
    });
  }
  return [...kinds].map(([kind, { processes, cpuNs, wakeUps }]) => ({
    kind,
    processes,
    cpuPercent: cpuNs / 1e7 / seconds,
    wakeUpsPerSecond: wakeUps / seconds,
  }));
}

/** Proportional set size of all of them, in bytes. */
export function pssOfTree(tree: readonly TreeMember[]): number {
  return tree.reduce((sum, { pid }) => sum + pssOf(pid), 0);
}
