import { readFileSync } from "node:fs";

/** Proportional set size of a process in bytes: shared pages count as a share (Linux, /proc/pid/smaps_rollup). */
export function pssOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = /^Pss:\s+(\d+) kB/m.exec(text)?.[1];
  if (kib === undefined) throw new Error(`no Pss in /proc/${pid}/smaps_rollup`);
  return Number(kib) * 1024;
}
