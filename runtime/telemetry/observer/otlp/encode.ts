import type { LogRecord, SpanRecord } from "../../model.ts";
import type { Total } from "../totals.ts";
import { conventional } from "./conventions.ts";
import { outgoing, scaled } from "./units.ts";
import { cumulative, keyValues, nanos, ownScope, severities, spanKinds, spanStatuses } from "./wire.ts";

const scope = { name: ownScope };
const kindNumbers = new Map(spanKinds.map((kind, number) => [kind, number]));

/** ExportTraceServiceRequest, one resource per instance. */
export function otlpTraces(spans: readonly SpanRecord[]): object {
  return {
    resourceSpans: byInstance(spans).map(({ resource, items }) => ({
      resource,
      scopeSpans: [{ scope, spans: items.map(otlpSpan) }],
    })),
  };
}

function otlpSpan(span: SpanRecord): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kindNumbers.get(span.kind),
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.startMs + span.durationMs),
    attributes: keyValues(span.attributes),
    events: (span.events ?? []).map(({ name, at, attributes }) => ({
      name,
      timeUnixNano: nanos(at),
      attributes: keyValues(attributes),
    })),
    links: span.links ?? [],
    ...(span.dropped?.attributes === undefined ? {} : { droppedAttributesCount: span.dropped.attributes }),
    ...(span.dropped?.events === undefined ? {} : { droppedEventsCount: span.dropped.events }),
    ...(span.dropped?.links === undefined ? {} : { droppedLinksCount: span.dropped.links }),
    status: { code: spanStatuses.indexOf(span.status) },
  };
}

/** ExportLogsServiceRequest. */
export function otlpLogs(logs: readonly LogRecord[]): object {
  return {
    resourceLogs: byInstance(logs).map(({ resource, items }) => ({
      resource,
      scopeLogs: [
        {
          scope,
          logRecords: items.map((log) => ({
            timeUnixNano: nanos(log.at),
            observedTimeUnixNano: nanos(log.at),
            severityNumber: severities[log.level],
            severityText: log.level.toUpperCase(),
            body: { stringValue: log.message },
            attributes: keyValues(log.fields ?? {}),
            ...(log.traceId === undefined ? {} : { traceId: log.traceId }),
            ...(log.spanId === undefined ? {} : { spanId: log.spanId }),
          })),
        },
      ],
    })),
  };
}

/** ExportMetricsServiceRequest: everything since the observer began (cumulative temporality), as of `at`. */
export function otlpMetrics(totals: readonly Total[], at: number): object {
  const flat = totals.map((total) => ({
    total,
    service: total.labels.service ?? "",
    instance: total.labels.instance ?? "",
  }));
  return {
    resourceMetrics: byInstance(flat).map(({ resource, items }) => ({
      resource,
      scopeMetrics: [
        {
          scope,
          metrics: metricsOf(
            items.map(({ total }) => total),
            at,
          ),
        },
      ],
    })),
  };
}

function metricsOf(totals: readonly Total[], at: number): object[] {
  const byName = Map.groupBy(totals, ({ name, kind }) => `${kind}\0${name}`);
  return [...byName.values()].map((own) => {
    const { name, unit, kind } = own[0]!;
    const head = { name: conventional(name, {}).name, unit: outgoing(unit).unit };
    if (kind === "gauge")
      return { ...head, gauge: { dataPoints: own.map((total) => numberPoint(total, at)) } };
    if (kind === "counter") {
      const dataPoints = own.map((total) => numberPoint(total, at));
      return { ...head, sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } };
    }
    const dataPoints = own.flatMap((total) => histogramPoint(total, at));
    return { ...head, exponentialHistogram: { dataPoints, aggregationTemporality: cumulative } };
  });
}

function pointHead(total: Total, at: number): object {
  const { service: _service, instance: _instance, ...labels } = total.labels;
  const { attributes } = conventional(total.name, labels);
  return {
    attributes: keyValues(attributes),
    startTimeUnixNano: nanos(total.since),
    timeUnixNano: nanos(at),
  };
}

function numberPoint(total: Total, at: number): object {
  return { ...pointHead(total, at), asDouble: total.value * outgoing(total.unit).factor };
}

function histogramPoint(total: Total, at: number): object[] {
  if (total.histogram === undefined) return [];
  const { factor } = outgoing(total.unit);
  const { scale, count, sum, min, max, zeros, buckets } = scaled(total.histogram, factor).toData();
  const offset = buckets[0]?.[0] ?? 0;
  const last = buckets[buckets.length - 1]?.[0] ?? -1;
  const counts = new Array<string>(Math.max(0, last - offset + 1)).fill("0");
  for (const [index, amount] of buckets) counts[index - offset] = String(amount);
  const { exemplar } = total;
  const exemplars =
    exemplar === undefined
      ? []
      : [
          {
            timeUnixNano: nanos(exemplar.at),
            asDouble: exemplar.value * factor,
            traceId: exemplar.traceId,
            spanId: exemplar.spanId,
          },
        ];
  return [
    {
      ...pointHead(total, at),
      count: String(count),
      sum,
      scale,
      zeroCount: String(zeros),
      positive: { offset, bucketCounts: counts },
      min,
      max,
      exemplars,
    },
  ];
}

function byInstance<T extends { readonly service: string; readonly instance: string }>(items: readonly T[]) {
  const groups = Map.groupBy(items, ({ service, instance }) => `${service}\0${instance}`);
  return [...groups.values()].map((own) => ({
    resource: {
      attributes: keyValues({
        "service.name": own[0]!.service,
        "service.instance.id": own[0]!.instance,
        "telemetry.sdk.name": "microcosm",
      }),
    },
    items: own,
  }));
}

/** Of an answer of OTLP/HTTP: what a receiver that took the others has refused, as `partialSuccess` tells. */
export function otlpRefused(answer: unknown): number {
  const partial = (answer as { readonly partialSuccess?: unknown } | undefined)?.partialSuccess;
  if (typeof partial !== "object" || partial === null) return 0;
  const { rejectedSpans, rejectedLogRecords, rejectedDataPoints } = partial as Record<string, unknown>;
  // 64-bit numbers are text in protobuf's JSON.
  const count = Number(rejectedSpans ?? rejectedLogRecords ?? rejectedDataPoints ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}
