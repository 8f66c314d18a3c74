import { readdirSync, readFileSync } from "node:fs";
import { pssOf } from "../boot/pss.ts";

/** Linux counts CPU time in ticks of this length for every program (USER_HZ). */
const tickMs = 10;

/** A process and all that it started, directly or not. Those that end meanwhile are left out. */
export function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statOf(Number(name))?.parent;
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** Memory of the whole tree in bytes: pages that processes share count once (PSS). */
export function treeMemory(pid: number): number {
  let bytes = 0;
  for (const member of treeOf(pid)) {
    try {
      bytes += pssOf(member);
    } catch {
      // ended between both looks
    }
  }
  return bytes;
}

/** CPU time that the tree has used so far, all threads; of those that ended, what their parents have collected. */
export function treeCpuMs(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + (statOf(member)?.cpuMs ?? 0), 0);
}

function statOf(pid: number): { parent: number; cpuMs: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the program's name, in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system, waitedUser, waitedSystem] = [11, 12, 13, 14].map((i) => Number(fields[i]));
  return { parent: Number(fields[1]), cpuMs: (user! + system! + waitedUser! + waitedSystem!) * tickMs };
}
