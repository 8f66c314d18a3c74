import { readFileSync } from "node:fs";

/** What can be seen of a process from outside, without waking it. */
export interface Pulse {
  /** It waits for something to happen, as an event loop does that has nothing to do. */
  readonly waits: boolean;
  /** Used since its start, in all threads; in steps of 10 ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** The kernel tells times in /proc in hundredths of a second on every architecture (USER_HZ). */
const msPerTick = 10;
/** Linux on every architecture that Bun runs on, save kernels built for larger pages; then memory is told too small. */
const pageBytes = 4096;

/**
 * From /proc/<pid>/stat (proc_pid_stat(5)), 15 µs: fields 3 state, 14 and 15 user and system time, 24 resident pages.
 * Undefined when there is no such process, or no /proc.
 */
export function readPulse(pid: number): Pulse | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // Field 2 is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    // Of the main thread, where the event loop is. R runs, T was stopped, D waits for a disk.
    waits: fields[0] === "S",
    cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick,
    rssBytes: Number(fields[21]) * pageBytes,
  };
}
