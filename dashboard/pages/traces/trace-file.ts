import type { AttributeValue, LogRecord, SpanRecord } from "../../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";

/** A trace in a file of its own: JSON, and all that the waterfall shows. */
interface TraceFile {
  readonly format: "microcosm-trace";
  readonly version: 1;
  readonly savedAt: string;
  readonly trace: TraceDetail;
}

export const maxFileBytes = 64 * 1024 * 1024;
const maxSpans = 200_000;
const maxLogs = 100_000;

export function writeTraceFile(trace: TraceDetail, savedAt: Date): string {
  const file: TraceFile = { format: "microcosm-trace", version: 1, savedAt: savedAt.toISOString(), trace };
  return JSON.stringify(file);
}

/** Throws an Error that a person can read. Spans and lines that make no sense are left out. */
export function readTraceFile(text: string): TraceDetail {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON.");
  }
  if (!isObject(file) || file.format !== "microcosm-trace")
    throw new Error("This file holds no saved trace.");
  if (file.version !== 1) throw new Error("This file was saved by a newer Microcosm.");
  const trace = isObject(file.trace) ? file.trace : {};
  const given = Array.isArray(trace.spans) ? trace.spans : [];
  const spans = given.slice(0, maxSpans).filter(isSpan);
  if (spans.length === 0) throw new Error("The trace in this file has no spans.");
  const logs = (Array.isArray(trace.logs) ? trace.logs : []).slice(0, maxLogs).filter(isLog);
  const orphans = typeof trace.orphans === "number" ? trace.orphans : 0;
  return { summary: summaryOf(spans, trace.summary), spans, logs, orphans };
}

function summaryOf(spans: readonly SpanRecord[], given: unknown): TraceDetail["summary"] {
  const root = spans.find((span) => span.parentSpanId === undefined) ?? spans[0]!;
  const known = isObject(given) ? given : {};
  const http = known.httpStatus;
  return {
    traceId: root.traceId,
    name: root.name,
    rootService: root.service,
    startMs: root.startMs,
    durationMs: root.durationMs,
    status: root.status === "error" || known.status === "error" ? "error" : "ok",
    spans: spans.length,
    errors: spans.filter((span) => span.status === "error").length,
    services: [...new Set(spans.map((span) => span.service))].sort(),
    ...(typeof http === "number" ? { httpStatus: http } : {}),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const kinds: ReadonlySet<unknown> = new Set(["server", "client", "producer", "consumer", "internal"]);
const statuses: ReadonlySet<unknown> = new Set(["unset", "ok", "error"]);
const levels: ReadonlySet<unknown> = new Set(["debug", "info", "notice", "warn", "error"]);

function isSpan(value: unknown): value is SpanRecord {
  return (
    isObject(value) &&
    [value.traceId, value.spanId, value.name, value.service, value.instance].every(isText) &&
    (value.parentSpanId === undefined || isText(value.parentSpanId)) &&
    [value.startMs, value.durationMs].every(isNumber) &&
    kinds.has(value.kind) &&
    statuses.has(value.status) &&
    isAttributes(value.attributes) &&
    (value.events === undefined || (Array.isArray(value.events) && value.events.every(isEvent))) &&
    (value.links === undefined || (Array.isArray(value.links) && value.links.every(isLink)))
  );
}

function isAttributes(value: unknown): value is Readonly<Record<string, AttributeValue>> {
  return (
    isObject(value) &&
    Object.values(value).every((one) => ["string", "number", "boolean"].includes(typeof one))
  );
}

function isEvent(value: unknown): boolean {
  return isObject(value) && isText(value.name) && isNumber(value.at) && isAttributes(value.attributes);
}

function isLink(value: unknown): boolean {
  return isObject(value) && isText(value.traceId) && isText(value.spanId);
}

function isLog(value: unknown): value is LogRecord {
  return (
    isObject(value) &&
    isNumber(value.at) &&
    levels.has(value.level) &&
    [value.message, value.service, value.instance].every(isText) &&
    [value.traceId, value.spanId].every((id) => id === undefined || isText(id)) &&
    (value.fields === undefined || isObject(value.fields))
  );
}
