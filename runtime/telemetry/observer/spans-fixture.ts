import type { SpanRecord, TelemetryBatch } from "../model.ts";

export const traceId = (number: number): string => number.toString(16).padStart(32, "0");
export const spanId = (number: number): string => number.toString(16).padStart(16, "0");

/** A server span of orders-1 that took 5 ms and went well, but for what is given. */
export function span(given: Partial<SpanRecord> = {}): SpanRecord {
  return {
    traceId: traceId(1),
    spanId: spanId(1),
    name: "GET /v1/orders",
    kind: "server",
    service: "orders",
    instance: "orders-1",
    generation: 1,
    startMs: 1_700_000_000_000,
    durationMs: 5,
    status: "ok",
    attributes: {},
    ...given,
  };
}

export function batch(sequence: number, given: Partial<TelemetryBatch> = {}): TelemetryBatch {
  return {
    service: "orders",
    instance: "orders-1",
    generation: 1,
    sequence,
    at: 1_700_000_000_000,
    spans: [],
    logs: [],
    metrics: [],
    dropped: { spans: 0, logs: 0, metrics: 0, unsampled: 0 },
    ...given,
  };
}
