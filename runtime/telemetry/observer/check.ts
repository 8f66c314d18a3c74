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
/** Workers cut at 64 Ki and say so behind it: what they cut is not cut again, and counted once. */
const maxMessageLength = 65 * 1024;
const maxFieldsLength = 65 * 1024;
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

/** What of a record is not as it came, though it was taken. */
export class Flaws {
  /** Half surrogate pairs became U+FFFD. */
  mended = false;
  /** Texts that were cut, and attributes, events and links that were left out. */
  cut = 0;

  clear(): void {
    this.mended = false;
    this.cut = 0;
  }
}

/** `flaws` hears of what had to be changed. */
export function checkSpan(value: unknown, flaws: Flaws): SpanRecord | undefined {
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
  const attributes = attributesOf(value.attributes, flaws);
  const events = partsOf(value.events, (part) => eventOf(part, flaws));
  const links = partsOf(value.links, linkOf);
  const told = isFields(value.dropped) ? value.dropped : {};
  flaws.cut += attributes.dropped + events.dropped + links.dropped;
  const dropped = {
    ...countOf("attributes", attributes.dropped, told),
    ...countOf("events", events.dropped, told),
    ...countOf("links", links.dropped, told),
  };
  return {
    traceId,
    spanId,
    ...(hasParent && parentSpanId !== spanId ? { parentSpanId } : {}),
    name: text(name, maxNameLength, flaws),
    kind: kind as SpanRecord["kind"],
    service: text(service, maxNameLength, flaws),
    instance: text(instance, maxNameLength, flaws),
    generation: typeof value.generation === "number" ? value.generation : 0,
    startMs,
    durationMs,
    status: status as SpanRecord["status"],
    attributes: attributes.kept,
    ...(events.kept.length > 0 ? { events: events.kept } : {}),
    ...(links.kept.length > 0 ? { links: links.kept } : {}),
    ...(Object.keys(dropped).length > 0 ? { dropped } : {}),
  };
}

/** A line of which anything was cut has a flaw in `cut`. */
export function checkLog(value: unknown, source: Source, flaws: Flaws): LogRecord | undefined {
  if (!isFields(value)) return undefined;
  const { at, level, message, traceId, spanId, fields } = value;
  if (!isTime(at) || typeof message !== "string") return undefined;
  if (typeof level !== "string" || !levels.has(level)) return undefined;
  const hasTrace = typeof traceId === "string" && traceIdPattern.test(traceId);
  const hasSpan = hasTrace && typeof spanId === "string" && spanIdPattern.test(spanId);
  const bounded = isFields(fields) ? fieldsOf(fields, flaws) : undefined;
  return {
    at,
    level: level as LogRecord["level"],
    message: text(message, maxMessageLength, flaws),
    service: named(value.service, source.service, flaws),
    instance: named(value.instance, source.instance, flaws),
    ...(hasTrace ? { traceId } : {}),
    ...(hasSpan ? { spanId } : {}),
    ...(bounded === undefined ? {} : { fields: bounded }),
  };
}

export function checkPoint(value: unknown, source: Source, flaws: Flaws): MetricPoint | undefined {
  if (!isFields(value)) return undefined;
  const { name, kind, unit, value: amount, histogram, exemplar } = value;
  if (typeof name !== "string" || name === "") return undefined;
  const labels = labelsOf(value.labels, source, flaws);
  if (labels === undefined) return undefined;
  const base = { name: text(name, maxNameLength, flaws), unit: named(unit, "", flaws), labels };
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
function text(value: string, maxLength: number, flaws: Flaws): string {
  if (value.length <= maxLength) {
    if (value.isWellFormed()) return value;
    flaws.mended = true;
    return value.toWellFormed();
  }
  flaws.cut++;
  if (!value.isWellFormed()) flaws.mended = true;
  return `${value.slice(0, maxLength).toWellFormed()}… (${value.length} characters)`;
}

function named(value: unknown, otherwise: string, flaws: Flaws): string {
  return typeof value === "string" && value !== "" ? text(value, maxNameLength, flaws) : otherwise;
}

interface Bounded<T> {
  readonly kept: T;
  /** What was left out. */
  readonly dropped: number;
}

function attributesOf(value: unknown, flaws: Flaws): Bounded<Record<string, AttributeValue>> {
  const kept: Record<string, AttributeValue> = {};
  if (!isFields(value)) return { kept, dropped: 0 };
  let count = 0;
  const entries = Object.entries(value);
  for (const [key, entry] of entries) {
    if (count === maxAttributes) break;
    if (typeof entry === "string") kept[text(key, maxNameLength, flaws)] = text(entry, maxValueLength, flaws);
    else if (typeof entry === "boolean" || (typeof entry === "number" && Number.isFinite(entry))) {
      kept[text(key, maxNameLength, flaws)] = entry;
    } else continue;
    count++;
  }
  return { kept, dropped: entries.length - count };
}

function partsOf<T>(value: unknown, part: (value: unknown) => T | undefined): Bounded<T[]> {
  if (!Array.isArray(value)) return { kept: [], dropped: 0 };
  const kept = value
    .slice(0, maxParts)
    .map(part)
    .filter((one) => one !== undefined) as T[];
  return { kept, dropped: value.length - kept.length };
}

/** What was left out here and, as it tells, by who sent it. */
function countOf(
  what: keyof NonNullable<SpanRecord["dropped"]>,
  here: number,
  told: Fields,
): SpanRecord["dropped"] {
  const before = told[what];
  const all = here + (isCount(before) ? before : 0);
  return all === 0 ? {} : { [what]: all };
}

function eventOf(value: unknown, flaws: Flaws): SpanEvent | undefined {
  if (!isFields(value) || typeof value.name !== "string" || !isTime(value.at)) return undefined;
  const { kept, dropped } = attributesOf(value.attributes, flaws);
  flaws.cut += dropped;
  return { name: text(value.name, maxNameLength, flaws), at: value.at, attributes: kept };
}

function linkOf(value: unknown): SpanLink | undefined {
  if (!isFields(value)) return undefined;
  const { traceId, spanId } = value;
  if (typeof traceId !== "string" || !traceIdPattern.test(traceId)) return undefined;
  return typeof spanId === "string" && spanIdPattern.test(spanId) ? { traceId, spanId } : undefined;
}

/** Half a surrogate pair as JSON writes it, in a name or a value; what stands before it is whole escapes. */
const brokenEscape = /((?<!\\)(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

function fieldsOf(fields: Fields, flaws: Flaws): LogRecord["fields"] {
  for (const name in fields) {
    if (fields[name] === undefined) return fieldsOf(withoutUnread(fields, flaws), flaws);
  }
  let json: string;
  try {
    json = JSON.stringify(fields, plain);
  } catch {
    flaws.cut++;
    return undefined;
  }
  if (json.length > maxFieldsLength) return { truncated: text(json, maxValueLength, flaws) };
  const mended = json.includes("\\ud") ? json.replace(brokenEscape, "$1\\ufffd") : json;
  if (mended === json) return fields;
  flaws.mended = true;
  return JSON.parse(mended) as LogRecord["fields"];
}

/** What could not be read has its name, and nothing else. */
function withoutUnread(fields: Fields, flaws: Flaws): Fields {
  const entries = Object.entries(fields);
  const read = entries.filter(([, value]) => value !== undefined);
  flaws.cut += entries.length - read.length;
  return Object.fromEntries(read);
}

function plain(_key: string, entry: unknown): unknown {
  return typeof entry === "bigint" ? entry.toString() : entry;
}

function labelsOf(value: unknown, source: Source, flaws: Flaws): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  const entries = isFields(value) ? Object.entries(value) : [];
  if (entries.length > maxLabels) return undefined;
  for (const [key, entry] of entries) {
    if (typeof entry !== "string") return undefined;
    labels[text(key, maxLabelLength, flaws)] = text(entry, maxLabelLength, flaws);
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
