import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { maxFileBytes, readTraceFile, writeTraceFile } from "./trace-file.ts";

/** Hands the trace to the browser as a download. */
export function saveTrace(trace: TraceDetail): void {
  const url = URL.createObjectURL(
    new Blob([writeTraceFile(trace, new Date())], { type: "application/json" }),
  );
  const link = document.createElement("a");
  link.href = url;
  link.download = `trace-${trace.summary.traceId.slice(0, 16)}.json`;
  link.click();
  // Revoked at once, some browsers would save nothing.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Throws an Error that a person can read. */
export async function openTrace(file: File): Promise<TraceDetail> {
  if (file.size > maxFileBytes) throw new Error(`This file has more than ${maxFileBytes / 1024 ** 2} MiB.`);
  return readTraceFile(await file.text());
}
