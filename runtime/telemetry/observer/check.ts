import type {
  AttributeValue,
  HistogramData,
  LogRecord,
  MetricPoint,
  SpanEvent,
  SpanLink,
  SpanRecord,
} from "../model.ts";

/** What arrives was written by another process: shape is checked, and size bounded, before anything is used. */
const maxNameLength = 512;
const maxValueLength = 8 * 1024;
const maxMessageLength = 64 * 1024;
const maxFieldsLength = 64 * 1024;
const maxAttributes = 128;
const maxParts = 256;
const maxLabels = 32;
const maxLabelLength = 256;
const maxBuckets = 4096;
/** Year 2500. */
const latestMs = 1.7e13;

const traceIdPattern = /^(?!0{32})[0-9a-f]{32}$/;
const spanIdPattern = /^(?!0{16})[0-9a-f]{16}$/;
const kinds = new Set(["server", "client", "producer", "consumer", "internal"]);
const statuses = new Set(["unset", "ok", "error"]);
const levels = new Set(["debug", "info", "notice", "warn", "error"]);

type Fields = Readonly<Record<string, unknown>>;

/** Who sent it, for what a record leaves out. */
export interface Source {
  readonly service: string;
  readonly instance: string;
}

export function checkSpan(value: unknown): SpanRecord | undefined {
  if (!isFields(value)) return undefined;
  const { traceId, spanId, parentSpanId, name, kind, service, instance, startMs, durationMs, status } = value;
  if (typeof traceId !== "string" || !traceIdPattern.test(traceId)) return undefined;
  if (typeof spanId !== "string" || !spanIdPattern.test(spanId)) return undefined;
  if (!isTime(startMs) || !isAmount(durationMs)) return undefined;
  if (typeof kind !== "string" || !kinds.has(kind)) return undefined;
  if (typeof status !== "string" || !statuses.has(status)) return undefined;
  if (typeof name !== "string" || typeof service !== "string" || typeof instance !== "string")
    return undefined;
  const hasParent = typeof parentSpanId === "string" && spanIdPattern.test(parentSpanId);
  const events = Array.isArray(value.events) ? value.events.slice(0, maxParts).flatMap(eventOf) : [];
  const links = Array.isArray(value.links) ? value.links.slice(0, maxParts).flatMap(linkOf) : [];
  return {
    traceId,
    spanId,
    ...(hasParent && parentSpanId !== spanId ? { parentSpanId } : {}),
    name: text(name, maxNameLength),
    kind: kind as SpanRecord["kind"],
    service: text(service, maxNameLength),
    instance: text(instance, maxNameLength),
    generation: typeof value.generation === "number" ? value.generation : 0,
    startMs,
    durationMs,
    status: status as SpanRecord["status"],
    attributes: attributesOf(value.attributes),
    ...(events.length > 0 ? { events } : {}),
    ...(links.length > 0 ? { links } : {}),
  };
}

/** The record, and whether something of it was cut off. */
export function checkLog(
  value: unknown,
  source: Source,
): { readonly record: LogRecord; readonly truncated: boolean } | undefined {
  if (!isFields(value)) return undefined;
  const { at, level, message, traceId, spanId, fields } = value;
  if (!isTime(at) || typeof message !== "string") return undefined;
  if (typeof level !== "string" || !levels.has(level)) return undefined;
  const hasTrace = typeof traceId === "string" && traceIdPattern.test(traceId);
  const hasSpan = hasTrace && typeof spanId === "string" && spanIdPattern.test(spanId);
  const bounded = isFields(fields) ? fieldsOf(fields) : { fields: undefined, truncated: false };
  const record: LogRecord = {
    at,
    level: level as LogRecord["level"],
    message: text(message, maxMessageLength),
    service: named(value.service, source.service),
    instance: named(value.instance, source.instance),
    ...(hasTrace ? { traceId } : {}),
    ...(hasSpan ? { spanId } : {}),
    ...(bounded.fields === undefined ? {} : { fields: bounded.fields }),
  };
  return { record, truncated: bounded.truncated || message.length > maxMessageLength };
}

export function checkPoint(value: unknown, source: Source): MetricPoint | undefined {
  if (!isFields(value)) return undefined;
  const { name, kind, unit, value: amount, histogram, exemplar } = value;
  if (typeof name !== "string" || name === "") return undefined;
  const labels = labelsOf(value.labels, source);
  if (labels === undefined) return undefined;
  const base = { name: text(name, maxNameLength), unit: named(unit, ""), labels };
  if (kind === "histogram") {
    if (!isHistogram(histogram)) return undefined;
    const example = isExemplar(exemplar) ? { exemplar } : {};
    return { ...base, kind, histogram, ...example };
  }
  if ((kind !== "counter" && kind !== "gauge") || typeof amount !== "number" || !Number.isFinite(amount)) {
    return undefined;
  }
  if (kind === "counter" && amount < 0) return undefined;
  return { ...base, kind, value: amount };
}

/** Broken surrogates become U+FFFD: they are in no UTF-8 text. Cut texts say so. */
function text(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value.isWellFormed() ? value : value.toWellFormed();
  return `${value.slice(0, maxLength).toWellFormed()}… (${value.length} characters)`;
}

function named(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? text(value, maxNameLength) : otherwise;
}

function attributesOf(value: unknown): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  if (!isFields(value)) return attributes;
  let count = 0;
  for (const [key, entry] of Object.entries(value)) {
    if (count === maxAttributes) break;
    if (typeof entry === "string") attributes[text(key, maxNameLength)] = text(entry, maxValueLength);
    else if (typeof entry === "boolean" || (typeof entry === "number" && Number.isFinite(entry))) {
      attributes[text(key, maxNameLength)] = entry;
    } else continue;
    count++;
  }
  return attributes;
}

function eventOf(value: unknown): SpanEvent[] {
  if (!isFields(value) || typeof value.name !== "string" || !isTime(value.at)) return [];
  return [
    { name: text(value.name, maxNameLength), at: value.at, attributes: attributesOf(value.attributes) },
  ];
}

function linkOf(value: unknown): SpanLink[] {
  if (!isFields(value)) return [];
  const { traceId, spanId } = value;
  if (typeof traceId !== "string" || !traceIdPattern.test(traceId)) return [];
  return typeof spanId === "string" && spanIdPattern.test(spanId) ? [{ traceId, spanId }] : [];
}

/** Half a surrogate pair as JSON writes it, in a name or a value; what stands before it is whole escapes. */
const brokenEscape = /((?<!\\)(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

function fieldsOf(fields: Fields): { readonly fields: LogRecord["fields"]; readonly truncated: boolean } {
  let json: string;
  try {
    json = JSON.stringify(fields, plain);
  } catch {
    return { fields: undefined, truncated: true };
  }
  if (json.length > maxFieldsLength) {
    return { fields: { truncated: text(json, maxValueLength) }, truncated: true };
  }
  const mended = json.includes("\\ud") ? json.replace(brokenEscape, "$1\\ufffd") : json;
  return { fields: mended === json ? fields : (JSON.parse(mended) as LogRecord["fields"]), truncated: false };
}

function plain(_key: string, entry: unknown): unknown {
  return typeof entry === "bigint" ? entry.toString() : entry;
}

function labelsOf(value: unknown, source: Source): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  const entries = isFields(value) ? Object.entries(value) : [];
  if (entries.length > maxLabels) return undefined;
  for (const [key, entry] of entries) {
    if (typeof entry !== "string") return undefined;
    labels[text(key, maxLabelLength)] = text(entry, maxLabelLength);
  }
  labels.service ??= source.service;
  labels.instance ??= source.instance;
  return labels;
}

function isHistogram(value: unknown): value is HistogramData {
  if (!isFields(value)) return false;
  const { scale, count, sum, min, max, zeros, buckets } = value;
  if (!Number.isInteger(scale) || Math.abs(scale as number) > 20) return false;
  if (!isCount(count) || !isCount(zeros)) return false;
  if (![sum, min, max].every((entry) => typeof entry === "number" && Number.isFinite(entry))) return false;
  if (!Array.isArray(buckets) || buckets.length > maxBuckets) return false;
  let previous = Number.NEGATIVE_INFINITY;
  let total = zeros;
  for (const bucket of buckets as unknown[]) {
    if (!Array.isArray(bucket) || !Number.isInteger(bucket[0]) || !isCount(bucket[1])) return false;
    if (bucket[0] <= previous || Math.abs(bucket[0]) >= 2 ** 31) return false;
    previous = bucket[0];
    total += bucket[1];
  }
  // Without buckets it is count and sum: other programs send such ones.
  return total === count || total === 0;
}

function isExemplar(value: unknown): value is NonNullable<MetricPoint["exemplar"]> {
  return (
    isFields(value) &&
    typeof value.traceId === "string" &&
    traceIdPattern.test(value.traceId) &&
    typeof value.spanId === "string" &&
    spanIdPattern.test(value.spanId) &&
    typeof value.value === "number" &&
    Number.isFinite(value.value) &&
    isTime(value.at)
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < latestMs;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < latestMs;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
