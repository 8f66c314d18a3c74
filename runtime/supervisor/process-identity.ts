import { readFileSync } from "node:fs";

/**
 * When the kernel says a process started: with the pid it names one process for ever, where the pid alone may have been
 * given to another one since. Linux: field 22 of /proc/<pid>/stat, clock ticks since boot. Elsewhere: what `ps` prints.
 * Undefined when there is no such process.
 */
export function processStart(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
}

/** Whether the very process that had `pid` and `start` is still there. */
export function isSameProcess(pid: number, start: string): boolean {
  return processStart(pid) === start;
}

function fromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // Field 2 is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; only its parent has not asked yet. fields[0] is field 3.
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function fromPs(pid: number): string | undefined {
  const { stdout, exitCode } = Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(pid)]);
  const start = stdout.toString().trim();
  return exitCode !== 0 || start === "" ? undefined : start;
}
