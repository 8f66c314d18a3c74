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
  return sumOf(threadsOf(pid).values());
}

function threadsOf(pid: number): ReadonlyMap<string, Usage> {
  const threads = new Map<string, Usage>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const folder = `/proc/${pid}/task/${thread}`;
      const cpuNs = Number(readFileSync(`${folder}/schedstat`, "latin1").split(" ")[0]);
      const status = readFileSync(`${folder}/status`, "latin1");
      const wakeUps = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      threads.set(thread, { cpuNs, wakeUps });
    } catch {
      // the thread ended while it was looked at
    }
  }
  return threads;
}

function sumOf(usages: Iterable<Usage>): Usage {
  let cpuNs = 0;
  let wakeUps = 0;
  for (const usage of usages) {
    cpuNs += usage.cpuNs;
    wakeUps += usage.wakeUps;
  }
  return { cpuNs, wakeUps };
}

/** Thread by thread: one that ended takes what it had used in all its life out of the sum of a process. */
function usedSince(before: ReadonlyMap<string, Usage>, after: ReadonlyMap<string, Usage>): Usage {
  const used = [...after].map(([thread, { cpuNs, wakeUps }]) => {
    const was = before.get(thread);
    return { cpuNs: cpuNs - (was?.cpuNs ?? 0), wakeUps: wakeUps - (was?.wakeUps ?? 0) };
  });
  return sumOf(used);
}

/** By kind of process: the supervisor, its built-in workers, the services together. */
export interface KindUsage {
  readonly kind: string;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly wakeUpsPerSecond: number;
}

export interface TreeMember {
  readonly pid: number;
  readonly kind: string;
}

/** Between looks: what a thread used since the last one is lost when it ends. Looking wakes none of them. */
const lookMs = 5000;

/** What the processes use over `windowMs`, by kind. */
export async function watch(tree: readonly TreeMember[], windowMs: number): Promise<KindUsage[]> {
  const began = performance.now();
  const used = tree.map((): Usage[] => []);
  let before = tree.map(({ pid }) => threadsOf(pid));
  for (let leftMs = windowMs; leftMs > 0; leftMs = windowMs - (performance.now() - began)) {
    await Bun.sleep(Math.min(lookMs, leftMs));
    const after = tree.map(({ pid }) => threadsOf(pid));
    for (const [index, threads] of after.entries()) used[index]!.push(usedSince(before[index]!, threads));
    before = after;
  }
  const seconds = (performance.now() - began) / 1000;
  const byKind = Map.groupBy(tree.entries(), ([, { kind }]) => kind);
  return [...byKind].map(([kind, members]) => {
    const { cpuNs, wakeUps } = sumOf(members.flatMap(([index]) => used[index]!));
    return {
      kind,
      cpuPercent: cpuNs / 1e7 / seconds,
      wakeUpsPerSecond: wakeUps / seconds,
    };
  });
}

/** Proportional set size of all of them, in bytes. */
export function pssOfTree(tree: readonly TreeMember[]): number {
  return tree.reduce((sum, { pid }) => sum + pssOf(pid), 0);
}
