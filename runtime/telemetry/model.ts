/**
 * What workers tell the observer, and what the observer tells people. Times are milliseconds since the epoch with
 * fractions (microseconds are kept); durations are milliseconds.
 */
export type SpanKind = "server" | "client" | "producer" | "consumer" | "internal";

export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** One finished span, with OpenTelemetry's semantic conventions in its attributes. */
export interface SpanRecord {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: "unset" | "ok" | "error";
  readonly attributes: Attributes;
  readonly events?: readonly SpanEvent[];
  readonly links?: readonly SpanLink[];
  /** What of it is not here: left out by who sent it, or beyond the observer's bounds. */
  readonly dropped?: { readonly attributes?: number; readonly events?: number; readonly links?: number };
}

export interface LogRecord {
  readonly at: number;
  readonly level: "debug" | "info" | "notice" | "warn" | "error";
  readonly message: string;
  readonly service: string;
  readonly instance: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A histogram that merges: counts per log-linear bucket (base-2 exponential with 2^scale buckets per doubling, as
 * OpenTelemetry's exponential histograms), only buckets that are not empty.
 */
export interface HistogramData {
  readonly scale: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly zeros: number;
  /** Bucket index → count. */
  readonly buckets: readonly (readonly [index: number, count: number])[];
}

/** A series' change since the last report (counters, histograms), or its present value (gauges). */
export interface MetricPoint {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: number;
  readonly histogram?: HistogramData;
  /** A trace that is an example of this series, for OpenMetrics exemplars. */
  readonly exemplar?: {
    readonly traceId: string;
    readonly spanId: string;
    readonly value: number;
    readonly at: number;
  };
}

/** One message of a worker to the observer; sent about once a second, and bounded. */
export interface TelemetryBatch {
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
  /** From 1, one more a batch, so that lost ones are noticed. */
  readonly sequence: number;
  readonly at: number;
  readonly spans: readonly SpanRecord[];
  readonly logs: readonly LogRecord[];
  readonly metrics: readonly MetricPoint[];
  /** Since the last batch: what the worker's bounded buffers let go, and spans that sampling left out. */
  readonly dropped: {
    readonly spans: number;
    readonly logs: number;
    readonly metrics: number;
    readonly unsampled: number;
    /** Lines that are there, and shorter than they were. */
    readonly cut?: number;
    /** Lines that are there, and had bytes that are no UTF-8. */
    readonly mended?: number;
    /** Of the supervisor: updates that a reader was too slow for. */
    readonly updates?: number;
  };
}

/**
 * Sampling. The head decision is the traceparent's flag. A worker keeps the spans of unsampled traces in a bounded ring
 * for a while; when a root span ends in error or slow, the observer asks every worker for that trace's spans, so that the
 * whole of it is kept although nobody knew at its beginning (retroactive sampling, as in Hindsight, NSDI 2023).
 */
export interface CollectRequest {
  readonly type: "collect";
  readonly traceIds: readonly string[];
}

/** Something done to the system, or that happened to it, for the timeline. */
export interface TimelineEntry {
  readonly at: number;
  readonly kind: "state" | "action" | "topology" | "experiment";
  /** `orders-1 ready → stopped`, `scale catalog 1 → 3`. */
  readonly text: string;
  readonly service?: string;
  readonly instance?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}
