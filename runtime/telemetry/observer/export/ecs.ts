import type { LogRecord } from "../../model.ts";

const ecsVersion = "8.11.0";

/** A log line as one document of the Elastic Common Schema. */
export function ecsDocument(log: LogRecord): object {
  return {
    "@timestamp": new Date(log.at).toISOString(),
    "log.level": log.level,
    message: log.message,
    "ecs.version": ecsVersion,
    "service.name": log.service,
    "service.node.name": log.instance,
    "event.dataset": `${log.service}.log`,
    ...(log.traceId === undefined ? {} : { "trace.id": log.traceId }),
    ...(log.spanId === undefined ? {} : { "span.id": log.spanId }),
    // ECS keeps custom values under `labels`, as keywords: a field that is a number here and text there would be refused.
    ...(log.fields === undefined ? {} : { labels: labelsOf(log.fields) }),
  };
}

/** JSON lines. */
export function ecsLines(logs: readonly LogRecord[]): string {
  return logs.map((log) => `${JSON.stringify(ecsDocument(log))}\n`).join("");
}

/** The body of Elasticsearch's `_bulk`. */
export function bulkBody(logs: readonly LogRecord[], index: string): string {
  const action = JSON.stringify({ create: { _index: index } });
  return logs.map((log) => `${action}\n${JSON.stringify(ecsDocument(log))}\n`).join("");
}

/** Of an answer of `_bulk`, which is 200 whatever becomes of the documents. */
export function bulkRefused(answer: unknown): number {
  const { errors, items } = (answer ?? {}) as { readonly errors?: unknown; readonly items?: unknown };
  if (errors !== true || !Array.isArray(items)) return 0;
  const isTaken = (item: unknown) => {
    const status = (item as { readonly create?: { readonly status?: unknown } } | null)?.create?.status;
    return typeof status === "number" && status < 300;
  };
  return items.filter((item) => !isTaken(item)).length;
}

function labelsOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replaceAll(".", "_"),
      typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
    ]),
  );
}
