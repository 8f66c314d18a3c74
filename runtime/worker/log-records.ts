import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { type LogTap, readable, unreadable } from "./logger.ts";

/** Log lines as telemetry's records: the trace stands beside the fields, and the fields are plain data. */
export function recordLogs(recorder: Recorder): LogTap {
  return (at, level, message, fields, isCut) => {
    const { traceId, spanId, ...rest } = readFields(fields);
    const ids = {
      ...(typeof traceId === "string" ? { traceId } : {}),
      ...(typeof spanId === "string" ? { spanId } : {}),
    };
    recorder.log({ at, level, message, ...ids, ...plainFields(rest) }, isCut);
  };
}

function plainFields(fields: Record<string, unknown>): { readonly fields?: Record<string, unknown> } {
  const values = Object.values(fields);
  if (values.length === 0) return {};
  if (values.every((value) => typeof value === "string" || typeof value === "number")) return { fields };
  try {
    return { fields: JSON.parse(JSON.stringify(fields, readable)) as Record<string, unknown> };
  } catch (error) {
    return { fields: unreadable(error) };
  }
}

/** Each is read once: one of them may be a getter that throws. */
function readFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return { ...fields };
  } catch (error) {
    return unreadable(error);
  }
}
