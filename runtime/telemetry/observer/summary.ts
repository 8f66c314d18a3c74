import type { SpanRecord } from "../model.ts";
import type { TraceSummary } from "../query.ts";

/**
 * The span that a trace is named after: the one without a parent; of several the earliest; of none the earliest whose
 * parent is not here (a client outside may have begun the trace, and its span never comes).
 */
export function rootOf(spans: readonly SpanRecord[]): SpanRecord {
  const known = new Set(spans.map((span) => span.spanId));
  let best = spans[0]!;
  let bestRank = 3;
  for (const span of spans) {
    const rank = span.parentSpanId === undefined ? 0 : known.has(span.parentSpanId) ? 2 : 1;
    if (rank < bestRank || (rank === bestRank && span.startMs < best.startMs)) {
      best = span;
      bestRank = rank;
    }
  }
  return best;
}

/** `spans` are of one trace, at least one. */
export function summarise(spans: readonly SpanRecord[]): TraceSummary {
  const root = rootOf(spans);
  const isWhole = root.parentSpanId === undefined || root.kind === "server";
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  let errors = 0;
  const services = new Set<string>();
  for (const span of spans) {
    startMs = Math.min(startMs, span.startMs);
    endMs = Math.max(endMs, span.startMs + span.durationMs);
    if (span.status === "error") errors++;
    services.add(span.service);
  }
  const failed = isWhole ? root.status === "error" : errors > 0;
  const httpStatus = root.attributes["http.response.status_code"];
  return {
    traceId: root.traceId,
    name: root.name,
    rootService: root.service,
    startMs: isWhole ? root.startMs : startMs,
    durationMs: isWhole ? root.durationMs : endMs - startMs,
    status: failed ? "error" : "ok",
    spans: spans.length,
    errors,
    services: [...services].sort(),
    ...(typeof httpStatus === "number" ? { httpStatus } : {}),
  };
}
