import { format } from "node:util";
import type { JsonLogger } from "./logger.ts";

/** `console.*` of a worker process as log lines of their level. For a process that is the worker's own. */
export function captureConsole(log: JsonLogger): void {
  const levels = {
    debug: "debug",
    trace: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
  } as const;
  for (const [name, level] of Object.entries(levels)) {
    console[name as keyof typeof levels] = (...args: unknown[]) => log.log(level, format(...args));
  }
}
