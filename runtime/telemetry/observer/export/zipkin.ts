import type { SpanRecord } from "../../model.ts";

const kinds = {
  server: "SERVER",
  client: "CLIENT",
  producer: "PRODUCER",
  consumer: "CONSUMER",
  internal: undefined,
};

/** Spans as Zipkin v2 has them (https://zipkin.io/zipkin-api/): times in whole microseconds, tags as text. */
export function zipkinSpans(spans: readonly SpanRecord[]): object[] {
  return spans.map((span) => {
    const kind = kinds[span.kind];
    const tags = Object.fromEntries(
      Object.entries(span.attributes).map(([name, value]) => [name, String(value)]),
    );
    if (span.status === "error") tags.error ??= tags["error.type"] ?? "true";
    return {
      traceId: span.traceId,
      id: span.spanId,
      ...(span.parentSpanId === undefined ? {} : { parentId: span.parentSpanId }),
      ...(kind === undefined ? {} : { kind }),
      name: span.name,
      timestamp: Math.round(span.startMs * 1000),
      // Zero means unknown to Zipkin.
      duration: Math.max(1, Math.round(span.durationMs * 1000)),
      localEndpoint: { serviceName: span.service },
      tags: { ...tags, "service.instance.id": span.instance },
      annotations: (span.events ?? []).map(({ name, at }) => ({
        timestamp: Math.round(at * 1000),
        value: name,
      })),
    };
  });
}
