import type { AttributeValue, HistogramData, LogRecord, SpanRecord, TimelineEntry } from "./model.ts";

/**
 * What the observer answers. The control API passes these through at /api/telemetry/… as JSON, for the dashboard and the
 * command line:
 *
 * | request | answer |
 * | --- | --- |
 * | GET /api/telemetry/traces?TraceQuery | ListedTrace[]: the last written, newest first |
 * | GET /api/telemetry/traces/:traceId | TraceDetail, 404 |
 * | GET /api/telemetry/logs?LogQuery | StoredLog[] newest first |
 * | GET /api/telemetry/metrics | string[]: names of metrics |
 * | GET /api/telemetry/series?SeriesQuery | Series[] |
 * | GET /api/telemetry/heatmap?metric=&service=&where=&from=&to=&step= | Heatmap; by itself of the requests that are answered |
 * | GET /api/telemetry/graph?windowMs=&at= | LiveGraph; with `at` as it was then |
 * | GET /api/telemetry/summary?from=&to= | RunSummary: what came of all that time |
 * | GET /api/telemetry/timeline?from=&to=&limit= | TimelineEntry[] |
 * | GET /api/telemetry/stats?from= | ObserverStats; what was let go since then, without it since the file began |
 * | GET /api/telemetry/live | server-sent events, `graph` with a LiveGraph about every second, `timeline` with a TimelineEntry each |
 * | GET /metrics | Prometheus text, or OpenMetrics by Accept |
 * | POST /v1/traces, /v1/logs, /v1/metrics | OTLP/HTTP in, JSON and protobuf |
 */
export interface TraceQuery {
  readonly service?: string;
  readonly route?: string;
  readonly status?: "ok" | "error";
  readonly minMs?: number;
  readonly maxMs?: number;
  /** `name=value`. */
  readonly attribute?: string;
  readonly from?: number;
  readonly to?: number;
  /** Default 100, at most 1000. */
  readonly limit?: number;
  /** Only written before the one with this id: the next page, when it is the smallest of this one. */
  readonly before?: number;
}

export interface TraceSummary {
  readonly traceId: string;
  /** The root's name, `GET /v1/products/{id}`; of the earliest span while the root is missing. */
  readonly name: string;
  readonly rootService: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: "ok" | "error";
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  readonly httpStatus?: number;
}

/** As lists have it. `id` tells the order of writing: a trace is written when it is whole, so a long one late. */
export interface ListedTrace extends TraceSummary {
  readonly id: number;
}

export interface TraceDetail {
  readonly summary: TraceSummary;
  /** Parents before their children, siblings by start. */
  readonly spans: readonly SpanRecord[];
  readonly logs: readonly LogRecord[];
  /** Spans whose parent never came. */
  readonly orphans: number;
}

export interface LogQuery {
  /** Full-text search (SQLite FTS5 syntax is escaped). */
  readonly text?: string;
  readonly service?: string;
  readonly instance?: string;
  readonly level?: LogRecord["level"];
  readonly traceId?: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  /** Only older than this id: the next page. */
  readonly before?: number;
  /** Only newer than this id: a live tail. */
  readonly after?: number;
}

export interface StoredLog extends LogRecord {
  readonly id: number;
}

export interface SeriesQuery {
  readonly metric: string;
  /** Labels to keep, comma-separated: `service,instance`. */
  readonly by?: string;
  /** `label=value`, may be given again. */
  readonly where?: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Buckets that are added up are no coarser than this. Default: the step. */
  readonly resolutionMs?: number;
  /** Of histograms: `p50`, `p90`, `p99`, `p999`, `rate`, `mean`; of counters `rate`; of gauges `mean`, `max`. */
  readonly stat: string;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One value a step from `from`; null where there was nothing. */
  readonly values: readonly (number | null)[];
}

export interface Heatmap {
  readonly from: number;
  readonly stepMs: number;
  /** Upper bounds of the rows in milliseconds, ascending. */
  readonly bounds: readonly number[];
  /** counts[column][row]. */
  readonly counts: readonly (readonly number[])[];
}

export interface LiveStats {
  readonly ratePerSecond: number;
  readonly errorsPerSecond: number;
  /** Null: not known, as nothing came, or only histograms without buckets did. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface LiveInstance extends LiveStats {
  readonly id: string;
  readonly generation: number;
  readonly state: string;
  readonly pending: number;
  readonly cpu: number;
  readonly rssBytes: number;
  readonly loopDelayMs: number;
}

export interface LiveNode extends LiveStats {
  readonly service: string;
  readonly role: "service" | "gateway" | "broker" | "observer";
  readonly instances: readonly LiveInstance[];
}

export interface LiveEdge extends LiveStats {
  readonly from: string;
  readonly to: string;
  /** Calls, or events by topic (publish: service → broker, delivery: broker → service). */
  readonly kind: "call" | "publish" | "delivery";
  readonly topic?: string;
}

export interface LiveGraph {
  readonly at: number;
  readonly nodes: readonly LiveNode[];
  readonly edges: readonly LiveEdge[];
}

/** What became of a route, an edge or a service over a stretch of time. */
export interface SummaryRow {
  readonly kind: "service" | "route" | "call" | "publish" | "delivery";
  /** `catalog`, `GET /v1/products`, `orders → catalog`, `order.placed by orders`, `order.placed to payments`. */
  readonly name: string;
  /** How its series are asked for: see SeriesQuery. */
  readonly metric: string;
  readonly where: readonly string[];
  readonly count: number;
  readonly errors: number;
  /** All durations of it in one histogram: percentiles are taken from it, never averaged. */
  readonly histogram: HistogramData;
  /** Null: not known, as only histograms without buckets came. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface RunSummary {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly SummaryRow[];
}

export interface ObserverStats {
  readonly spansStored: number;
  readonly tracesStored: number;
  readonly logsStored: number;
  readonly bytes: number;
  readonly oldestMs: number;
  /**
   * By reason, since the file began; an observer that starts anew goes on counting. `buffer`, `lines`, `lost` (batches),
   * `unsampled`, `uncollected`, `retention`, `malformed`, `overload`, `series`, `instances`, `updates`, `unwritten`,
   * `unsupported`, `export`; and what was taken but is odd: `duplicate`, `late`, `orphan`, `skew`, `clocks`, `truncated`,
   * `attributes`, `mended`.
   */
  readonly dropped: Readonly<Record<string, number>>;
  /** Series of metrics that are known. */
  readonly series: number;
  /** Spans of traces that are not whole yet. */
  readonly openSpans: number;
  /** Why nothing can be written at the moment. */
  readonly fault?: string;
}

export type { AttributeValue, TimelineEntry };
