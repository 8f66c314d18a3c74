import type { LiveGraph, ObserverStats, TraceDetail } from "../query.ts";
import type { LogTable } from "./log-table.ts";
import type { MetricTable } from "./metric-table.ts";
import type { TimelineTable } from "./timeline-table.ts";
import type { TraceTable } from "./trace-table.ts";

/** What was kept, wherever it lies: the running observer's file, or a recording. */
export interface TelemetryTables {
  readonly traces: TraceTable;
  readonly logs: LogTable;
  readonly metrics: MetricTable;
  readonly timeline: TimelineTable;
}

/** What queries ask. A run that goes on and a recording of one are asked by the same code. */
export interface TelemetrySource {
  /** Throws `data-unwritable` while there is no file. */
  readonly store: TelemetryTables;
  /** Of a recording: its end. */
  now(): number;
  trace(traceId: string): TraceDetail | undefined;
  /** The last moments, by default 5 s. */
  graph(windowMs?: number): LiveGraph;
  /** What was let go: since the file began, or since `from`; a recording has that of its run. */
  stats(from?: number): ObserverStats;
}
