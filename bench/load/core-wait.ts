import { readFileSync } from "node:fs";

/** How long this process's main thread has been ready to run without a core, in ms; undefined where the kernel does not tell. */
export function waitedForCoreMs(): number | undefined {
  try {
    // On a core, waiting for one (both in ns), times on a core.
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return undefined;
  }
}
