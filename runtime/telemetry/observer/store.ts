import type { Database } from "bun:sqlite";
import type { LogRecord, MetricPoint, TimelineEntry } from "../model.ts";
import type { OpenTrace } from "./assembler.ts";
import { CountTable } from "./count-table.ts";
import { LogTable } from "./log-table.ts";
import { MetricTable } from "./metric-table.ts";
import type { ObserverSettings } from "./options.ts";
import { Retention } from "./retention.ts";
import type { TelemetryTables } from "./source.ts";
import { openTables } from "./tables.ts";
import type { Tally } from "./tally.ts";
import { TimelineTable } from "./timeline-table.ts";
import { TraceTable } from "./trace-table.ts";

/** What arrived since the last tick. */
export interface Arrivals {
  readonly traces: readonly OpenTrace[];
  readonly logs: readonly LogRecord[];
  readonly points: readonly { readonly at: number; readonly point: MetricPoint }[];
  readonly timeline: readonly TimelineEntry[];
}

/** The observer's file and its tables. One process opens it. */
export class Store implements TelemetryTables {
  readonly traces: TraceTable;
  readonly logs: LogTable;
  readonly metrics: MetricTable;
  readonly timeline: TimelineTable;
  readonly counts: CountTable;
  readonly #db: Database;
  readonly #tally: Tally;
  readonly #retention: Retention;
  readonly #settings: ObserverSettings;
  #open = true;

  /** Throws what SQLite says of a file or folder that cannot be written. */
  constructor(settings: ObserverSettings, tally: Tally) {
    this.#settings = settings;
    this.#tally = tally;
    this.#db = openTables(
      settings.file,
      settings.tiers.map(({ stepMs }) => stepMs),
    );
    this.traces = new TraceTable(this.#db, tally, settings.maxTraceSpans);
    this.logs = new LogTable(this.#db);
    this.metrics = new MetricTable(this.#db, settings.tiers, settings.maxSeries, tally);
    this.timeline = new TimelineTable(this.#db);
    this.counts = new CountTable(this.#db);
    this.#retention = new Retention(this.#db, this, settings.retentionBytes, tally);
  }

  /** Pages in use; free ones are used again before the file grows. */
  get bytes(): number {
    return this.#retention.usedBytes();
  }

  /**
   * All in one transaction: either it is there or nothing. Of log lines, the first that can be written within `linesMs`;
   * returns how many, at least one.
   */
  write(arrivals: Arrivals, now: number, linesMs = Number.POSITIVE_INFINITY): number {
    let lines = 0;
    this.#db.transaction(() => {
      for (const { traceId, spans } of arrivals.traces) this.traces.write(traceId, [...spans.values()]);
      const until = performance.now() + linesMs;
      for (const log of arrivals.logs) {
        this.logs.write(log);
        lines++;
        if (performance.now() >= until) break;
      }
      for (const { point, at } of arrivals.points) this.metrics.add(point, at);
      for (const entry of arrivals.timeline) this.timeline.write(entry);
      this.metrics.flush(now);
      this.counts.add(this.#tally.fresh, now);
    })();
    this.#tally.written();
    return lines;
  }

  /** Forgets old points. */
  tidy(now: number): void {
    this.#db.transaction(() => this.#retention.tidy(now))();
  }

  /** More bytes than there may be. */
  get isFull(): boolean {
    return this.#retention.isFull;
  }

  /** One bounded turn of making room; true when another one is needed. */
  makeRoom(now: number): boolean {
    return this.#retention.turn(now);
  }

  /** Writes the points that are still open; what comes later for them is added to the written ones. */
  settle(now: number): void {
    this.#db.transaction(() => this.metrics.flush(now, true))();
  }

  oldestMs(): number | undefined {
    const oldest = [this.traces.oldest(), this.logs.oldest()].filter((at) => at !== undefined);
    return oldest.length === 0 ? undefined : Math.min(...oldest);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#db.transaction(() => this.metrics.flush(this.#settings.clock.now(), true))();
    } finally {
      this.#db.clearQueryCache();
      this.#db.close();
    }
  }
}
