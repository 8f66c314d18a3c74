import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { type LogTap, readable } from "./logger.ts";

/** Log lines as telemetry's records: the trace stands beside the fields, and the fields are plain data. */
export function recordLogs(recorder: Recorder): LogTap {
  return (at, level, message, fields) => {
    const { traceId, spanId, ...rest } = fields;
    recorder.log({
      at,
      level,
      message,
      ...(typeof traceId === "string" ? { traceId } : {}),
      ...(typeof spanId === "string" ? { spanId } : {}),
      ...plainFields(rest),
    });
  };
}

function plainFields(fields: Record<string, unknown>): { readonly fields?: Record<string, unknown> } {
  const values = Object.values(fields);
  if (values.length === 0) return {};
  if (values.every((value) => typeof value === "string" || typeof value === "number")) return { fields };
  try {
    return { fields: JSON.parse(JSON.stringify(fields, readable)) as Record<string, unknown> };
  } catch (error) {
    return { fields: { fields: `could not be written: ${String(error)}` } };
  }
}
