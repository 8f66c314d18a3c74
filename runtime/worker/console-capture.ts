import type { RequestInfo } from "../../sdk/service.ts";
import type { JsonLogger } from "./logger.ts";
import { traceFields } from "./scoped-logger.ts";

/**
 * `console.*` of a worker process as log lines of their level, with the trace of the request they were written for. For
 * a process that is the worker's own.
 */
export function captureConsole(log: JsonLogger, current: () => RequestInfo | undefined): void {
  const levels = {
    debug: "debug",
    trace: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
  } as const;
  for (const [name, level] of Object.entries(levels)) {
    console[name as keyof typeof levels] = (...args: unknown[]) => {
      // Loaded with the first line: most workers write none, and it takes 0.3 MiB.
      const { format } = process.getBuiltinModule("node:util");
      const request = current();
      log.log(level, format(...args), request === undefined ? {} : traceFields(request.traceparent));
    };
  }
}
