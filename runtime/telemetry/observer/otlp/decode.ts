import { isUtf8 } from "node:buffer";
import { MicrocosmError } from "../../../../sdk/errors.ts";
import type { AttributeValue } from "../../model.ts";
import type { Source } from "../check.ts";
import { type AnyValue, type KeyValue, millis, severities, spanKinds, spanStatuses } from "./wire.ts";

/** Values with deeper lists are left out: nothing that is searched for lies there. */
const maxDepth = 6;
const tooDeep = Symbol("too deep");

export type OtlpSignal = "traces" | "logs" | "metrics";

/** One resource's records, in the shapes that check.ts looks at; whatever does not fit it is refused there. */
export interface OtlpGroup {
  readonly source: Source;
  readonly items: readonly unknown[];
}

/** A body that was read; `isMended`: what of its text was no UTF-8 became U+FFFD. */
export interface Parsed {
  readonly document: unknown;
  readonly isMended: boolean;
}

/** Throws `bad-request`. */
export function parseJson(bytes: Uint8Array): Parsed {
  try {
    return { document: JSON.parse(new TextDecoder().decode(bytes)), isMended: !isUtf8(bytes) };
  } catch (cause) {
    throw new MicrocosmError("bad-request", `The body is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Throws `bad-request` saying what is wrong with the document as a whole. */
export function resourcesOf(document: unknown, signal: OtlpSignal): readonly Record<string, unknown>[] {
  const member = { traces: "resourceSpans", logs: "resourceLogs", metrics: "resourceMetrics" }[signal];
  if (!isObject(document)) throw new MicrocosmError("bad-request", "The body must be a JSON object.");
  const resources = document[member] ?? [];
  if (!Array.isArray(resources)) throw new MicrocosmError("bad-request", `${member} must be a list.`);
  for (const [index, resource] of resources.entries()) {
    if (!isObject(resource))
      throw new MicrocosmError("bad-request", `${member}[${index}] must be an object.`);
  }
  return resources as Record<string, unknown>[];
}

export function spansOf(resources: readonly Record<string, unknown>[]): OtlpGroup[] {
  return resources.map((resource) => {
    const source = sourceOf(resource.resource);
    return { source, items: itemsOf(resource.scopeSpans, "spans").map((item) => spanOf(item, source)) };
  });
}

export function logsOf(resources: readonly Record<string, unknown>[], now: number): OtlpGroup[] {
  return resources.map((resource) => {
    const source = sourceOf(resource.resource);
    return { source, items: itemsOf(resource.scopeLogs, "logRecords").map((item) => logOf(item, now)) };
  });
}

function spanOf(value: unknown, source: Source): unknown {
  if (!isObject(value)) return undefined;
  const startMs = millis(value.startTimeUnixNano);
  const endMs = millis(value.endTimeUnixNano);
  if (startMs === undefined || endMs === undefined) return undefined;
  const status = isObject(value.status) ? value.status : {};
  const attributes = attributesOf(value.attributes);
  const message = typeof status.message === "string" && status.message !== "" ? status.message : undefined;
  return {
    traceId: lower(value.traceId),
    spanId: lower(value.spanId),
    parentSpanId: value.parentSpanId === "" ? undefined : lower(value.parentSpanId),
    name: value.name ?? "",
    kind: spanKinds[enumOf(value.kind, "SPAN_KIND_", spanKindNames)] ?? "internal",
    ...source,
    generation: 0,
    startMs,
    // A clock set back during the span: it took no time, rather than none at all being shown.
    durationMs: Math.max(0, endMs - startMs),
    status: spanStatuses[enumOf(status.code, "STATUS_CODE_", ["UNSET", "OK", "ERROR"])] ?? "unset",
    attributes: {
      ...attributes,
      ...(message === undefined ? {} : { "otel.status_description": message }),
    },
    events: listOf(value.events).map((event) =>
      isObject(event)
        ? { name: event.name, at: millis(event.timeUnixNano), attributes: attributesOf(event.attributes) }
        : undefined,
    ),
    links: listOf(value.links).map((link) =>
      isObject(link) ? { traceId: lower(link.traceId), spanId: lower(link.spanId) } : undefined,
    ),
    dropped: {
      attributes: numberOf(value.droppedAttributesCount),
      events: numberOf(value.droppedEventsCount),
      links: numberOf(value.droppedLinksCount),
    },
  };
}

/** Of a 32-bit integer, which some write as text. */
function numberOf(value: unknown): number {
  return typeof value === "string" ? Number(value) : typeof value === "number" ? value : 0;
}

const spanKindNames = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

function logOf(value: unknown, now: number): unknown {
  if (!isObject(value)) return undefined;
  const severity = typeof value.severityNumber === "number" ? value.severityNumber : 9;
  const body = plainValue(value.body as AnyValue | undefined, 0);
  // A time of zero means unknown.
  const at = millis(value.timeUnixNano) || millis(value.observedTimeUnixNano) || now;
  const fields = attributesOf(value.attributes);
  return {
    at,
    level: levelOf(severity),
    message: typeof body === "string" ? body : (JSON.stringify(body) ?? ""),
    ...(value.traceId ? { traceId: lower(value.traceId) } : {}),
    ...(value.spanId ? { spanId: lower(value.spanId) } : {}),
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
  };
}

function levelOf(severity: number): keyof typeof severities {
  if (severity >= severities.error) return "error";
  if (severity >= severities.warn) return "warn";
  if (severity >= severities.notice) return "notice";
  return severity >= severities.info ? "info" : "debug";
}

export function sourceOf(resource: unknown): Source {
  const attributes = isObject(resource) ? attributesOf(resource.attributes) : {};
  const service = String(attributes["service.name"] ?? "unknown_service");
  const id = attributes["service.instance.id"] ?? attributes["host.name"];
  return { service, instance: id === undefined ? service : String(id) };
}

/** The records of all scopes of a resource. */
export function itemsOf(scopes: unknown, member: string): readonly unknown[] {
  return listOf(scopes).flatMap((scope) => (isObject(scope) ? listOf(scope[member]) : [undefined]));
}

/** What cannot be read stands as undefined, so that check.ts counts it as left out. A value of nothing is left out uncounted. */
export function attributesOf(values: unknown): Record<string, AttributeValue | undefined> {
  const attributes: Record<string, AttributeValue | undefined> = {};
  let nameless = 0;
  for (const pair of listOf(values) as readonly KeyValue[]) {
    if (!isObject(pair) || typeof pair.key !== "string") {
      attributes[`\0${nameless++}`] = undefined;
      continue;
    }
    const value = plainValue(pair.value as AnyValue | undefined, 0);
    if (value === undefined) continue;
    const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    attributes[pair.key] = isPlain ? value : value === tooDeep ? undefined : JSON.stringify(value);
  }
  return attributes;
}

function plainValue(value: AnyValue | undefined, depth: number): unknown {
  if (!isObject(value)) return undefined;
  if (depth > maxDepth) return tooDeep;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value as AnyValue;
  if (stringValue !== undefined) return String(stringValue);
  if (boolValue !== undefined) return boolValue === true;
  if (intValue !== undefined) return Number(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  if (bytesValue !== undefined) return String(bytesValue);
  if (arrayValue !== undefined) {
    const items = listOf(arrayValue.values).map((item) => plainValue(item as AnyValue, depth + 1));
    return items.includes(tooDeep) ? tooDeep : items;
  }
  if (kvlistValue === undefined) return undefined;
  const entries = listOf(kvlistValue.values).flatMap((pair): [string, unknown][] =>
    isObject(pair) && typeof pair.key === "string"
      ? [[pair.key, plainValue(pair.value as AnyValue, depth + 1)]]
      : [],
  );
  return entries.some(([, entry]) => entry === tooDeep) ? tooDeep : Object.fromEntries(entries);
}

/** Enums are numbers in OTLP/JSON; some senders write their names all the same. */
function enumOf(value: unknown, prefix: string, names: readonly string[]): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? Math.max(0, names.indexOf(value.replace(prefix, ""))) : 0;
}

function lower(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
