import type { Database } from "bun:sqlite";
import type { LiveGraph, ObserverStats, TraceDetail } from "../query.ts";
import { graphAt } from "./graph-at.ts";
import { LogTable } from "./log-table.ts";
import { MetricTable } from "./metric-table.ts";
import { observerSettings } from "./options.ts";
import { orderSpans } from "./order.ts";
import type { TelemetrySource, TelemetryTables } from "./source.ts";
import { summarise } from "./summary.ts";
import { openToRead } from "./tables.ts";
import { Tally } from "./tally.ts";
import { TimelineTable } from "./timeline-table.ts";
import { TraceTable } from "./trace-table.ts";

export interface ArchiveOptions {
  /** A database with the observer's tables. */
  readonly file: string;
  /** When what is in it ends. */
  readonly now: number;
  readonly dropped?: Readonly<Record<string, number>>;
}

/** Telemetry that nothing is added to any more, asked by the same queries as a run that goes on. */
export class Archive implements TelemetrySource {
  readonly store: TelemetryTables;
  readonly #options: ArchiveOptions;
  readonly #db: Database;

  /** Throws what SQLite says of a file that is none of ours. */
  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#db = openToRead(options.file);
    const { tiers, maxSeries, maxTraceSpans } = observerSettings({ file: options.file });
    const tally = new Tally();
    try {
      this.store = {
        traces: new TraceTable(this.#db, tally, maxTraceSpans),
        logs: new LogTable(this.#db),
        metrics: new MetricTable(this.#db, tiers, maxSeries, tally),
        timeline: new TimelineTable(this.#db),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  now(): number {
    return this.#options.now;
  }

  trace(traceId: string): TraceDetail | undefined {
    const spans = this.store.traces.find(traceId);
    if (spans === undefined || spans.length === 0) return undefined;
    const ordered = orderSpans(spans);
    return {
      summary: summarise(spans),
      spans: ordered.spans,
      logs: this.store.logs.ofTrace(traceId),
      orphans: ordered.orphans,
    };
  }

  graph(windowMs?: number): LiveGraph {
    return graphAt(this.store.metrics, this.now(), this.now(), windowMs);
  }

  stats(): ObserverStats {
    const { traces, logs, metrics } = this.store;
    const { size } = Bun.file(this.#options.file);
    const oldest = [traces.oldest(), logs.oldest()].filter((at) => at !== undefined);
    return {
      spansStored: traces.spans,
      tracesStored: traces.traces,
      logsStored: logs.lines,
      bytes: size,
      oldestMs: Math.min(this.now(), ...oldest),
      dropped: this.#options.dropped ?? {},
      series: metrics.series,
      openSpans: 0,
    };
  }

  /** Idempotent. */
  close(): void {
    this.#db.clearQueryCache();
    this.#db.close();
  }
}
