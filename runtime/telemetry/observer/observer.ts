import { MicrocosmError } from "../../../sdk/errors.ts";
import type { LogRecord, MetricPoint, SpanRecord, TimelineEntry } from "../model.ts";
import type { LiveGraph, ObserverStats, TraceDetail } from "../query.ts";
import { Assembler } from "./assembler.ts";
import { Intake } from "./intake.ts";
import { LiveWindow } from "./live-window.ts";
import { type ObserverOptions, type ObserverSettings, observerSettings } from "./options.ts";
import { orderSpans } from "./order.ts";
import type { TelemetrySource } from "./source.ts";
import { Store } from "./store.ts";
import { summarise } from "./summary.ts";
import { TailDecision } from "./tail-decision.ts";
import { Tally } from "./tally.ts";
import { type Total, Totals } from "./totals.ts";

/** Points between two ticks; a thousand workers report fewer. */
const maxPointsPerTick = 100_000;
const maxTimelinePerTick = 1000;
/** Whether room must be made is looked at this often. */
const tidyMs = 1000;
/** Between two turns of making room or writing lines: what came in is taken, and queries are answered. */
const betweenTurnsMs = 1;
/** Lines are written for about this long at once. */
const linesMs = 40;
/** Gauges of idle workers are in no hurry: of a hundred, several report each second. */
const pointsTickMs = 1000;
/** While nothing comes: what gets old is still let go. */
const idleTickMs = 10_000;
/** After a write that failed the file is opened anew, this long after. */
const reopenMs = 2000;

/**
 * Garbage is let go after so many records, and not more often than this. Left to itself the engine keeps several times what
 * is alive, for hours: a day's replay at 1,000 requests a second ended with 230 MiB, where 12 were alive.
 */
const garbageAfter = 50_000;
const garbageMs = 60_000;

/** What the observer tells others as it happens. Must not throw. */
export interface Listeners {
  /** Ask all workers for these traces. */
  readonly collect?: (traceIds: readonly string[]) => void;
  /** Written a moment ago: whole traces, log lines. */
  readonly traces?: (traces: readonly (readonly SpanRecord[])[]) => void;
  readonly logs?: (logs: readonly LogRecord[]) => void;
  readonly warn?: (message: string) => void;
  /** Much was written, and is garbage now. */
  readonly garbage?: () => void;
}

/**
 * The telemetry of a run: takes it in, puts traces together, writes all of it once a tick, and answers. Everything that
 * waits in memory is bounded and counted when it is let go; a file that cannot be written stops nothing else.
 */
export class Observer implements TelemetrySource {
  readonly tally = new Tally();
  readonly intake: Intake;
  readonly #settings: ObserverSettings;
  readonly #listeners: Listeners;
  readonly #assembler: Assembler;
  readonly #decision: TailDecision;
  readonly #live = new LiveWindow();
  readonly #totals: Totals;
  #logs: LogRecord[] = [];
  #points: { readonly at: number; readonly point: MetricPoint }[] = [];
  #timeline: TimelineEntry[] = [];
  #store: Store | undefined;
  #fault: string | undefined;
  #reopenAt = 0;
  #tidiedAt = 0;
  #writtenSinceGarbage = 0;
  #garbageAt = 0;
  #cancelTick: (() => void) | undefined;
  #cancelTurn: (() => void) | undefined;
  /** The next turn is one of writing lines. */
  #linesNext = false;
  /** How long the timer that is set was set for. */
  #armedMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: ObserverOptions, listeners: Listeners = {}) {
    this.#settings = observerSettings(options);
    this.#listeners = listeners;
    this.#assembler = new Assembler(this.#settings, this.tally);
    this.#totals = new Totals(this.#settings.maxSeries);
    this.#decision = new TailDecision({
      slowMs: this.#settings.slowMs,
      perSecond: this.#settings.maxCollectsPerSecond,
      tally: this.tally,
    });
    this.intake = new Intake(
      {
        span: (span) => this.#span(span),
        log: (log) => this.#log(log),
        point: (point, at) => this.#point(point, at),
      },
      this.tally,
    );
  }

  /** Why the file cannot be written at the moment. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Spans of traces that are not written yet. */
  get openSpans(): number {
    return this.#assembler.openSpans;
  }

  /** Throws `data-unwritable`. */
  start(): void {
    try {
      this.#store = new Store(this.#settings, this.tally);
      this.tally.restore(this.#store.counts.sums());
    } catch (cause) {
      const { file } = this.#settings;
      throw new MicrocosmError("data-unwritable", `${file} cannot be opened: ${messageOf(cause)}`, { cause });
    }
    // Also what nothing was kept of: a malformed document alone begins no tick.
    this.tally.onCount = () => this.#tickWithin(Math.max(pointsTickMs, this.#settings.tickMs));
    this.#tickWithin(this.#settings.tickMs);
  }

  /** Writes what is open. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTick?.();
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    const now = this.#settings.clock.now();
    this.#write(this.#assembler.drain(), now, true);
    try {
      this.#store?.close();
    } catch (error) {
      this.#listeners.warn?.(`the observer's file did not close: ${messageOf(error)}`);
    }
    this.#store = undefined;
  }

  note(entry: TimelineEntry): void {
    this.#tickWithin(this.#settings.tickMs);
    if (this.#timeline.length < maxTimelinePerTick) this.#timeline.push(entry);
    else this.tally.count("overload");
  }

  /** For queries. Throws `data-unwritable` while there is none. */
  get store(): Store {
    if (this.#store === undefined) {
      throw new MicrocosmError("data-unwritable", this.#fault ?? "The observer is not open.");
    }
    return this.#store;
  }

  now(): number {
    return this.#settings.clock.now();
  }

  totals(): readonly Total[] {
    return this.#totals.all();
  }

  graph(windowMs?: number): LiveGraph {
    return this.#live.graph(this.now(), windowMs);
  }

  /** Also of a trace that is not whole yet. */
  trace(traceId: string): TraceDetail | undefined {
    const { traces, logs } = this.store;
    const spans = new Map((traces.find(traceId) ?? []).map((span) => [span.spanId, span]));
    for (const [id, span] of this.#assembler.find(traceId)?.spans ?? []) spans.set(id, span);
    if (spans.size === 0) return undefined;
    const all = [...spans.values()];
    const ordered = orderSpans(all);
    const waiting = this.#logs.filter((log) => log.traceId === traceId);
    return {
      summary: summarise(all),
      spans: ordered.spans,
      logs: [...logs.ofTrace(traceId), ...waiting],
      orphans: ordered.orphans,
    };
  }

  stats(from?: number): ObserverStats {
    const { traces, logs, metrics, counts } = this.store;
    return {
      spansStored: traces.spans,
      tracesStored: traces.traces,
      logsStored: logs.lines,
      bytes: this.store.bytes,
      oldestMs: this.store.oldestMs() ?? this.now(),
      dropped: from === undefined ? this.tally.toJSON() : this.tally.with(counts.sums(from)),
      series: metrics.series,
      openSpans: this.#assembler.openSpans,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  /** Writes all that can be written now, so that a copy of the file has it; traces follow when they are whole. */
  settle(): ObserverStats {
    const now = this.#settings.clock.now();
    this.#write(this.#assembler.due(now), now, true);
    this.#guarded(now, (store) => store.settle(now));
    return this.stats();
  }

  /** Writes what came since the last time. Called by the observer's own timer. */
  tick(): void {
    const now = this.#settings.clock.now();
    for (const traceIds of this.#decision.take()) this.#listeners.collect?.(traceIds);
    this.#reopen(now);
    this.#write(this.#assembler.due(now), now);
    this.#live.trim(now);
    this.#beginTurns();
    if (now - this.#tidiedAt < tidyMs) return;
    this.#tidiedAt = now;
    this.#totals.trim(now);
    this.#guarded(now, (store) => store.tidy(now));
    if (this.#writtenSinceGarbage < garbageAfter || now - this.#garbageAt < garbageMs) return;
    this.#writtenSinceGarbage = 0;
    this.#garbageAt = now;
    this.#listeners.garbage?.();
  }

  #beginTurns(): void {
    if (this.#cancelTurn === undefined) this.#turn();
  }

  /**
   * Turn after turn until there is room again and all lines are written: whatever workers write, the file keeps to its
   * bound, and nobody waits for longer than a turn. Room is made and lines are written by turns; while the file is full,
   * lines wait as long as anything can be deleted.
   */
  #turn(): void {
    this.#cancelTurn = undefined;
    const now = this.#settings.clock.now();
    const waits = () => this.#store !== undefined && this.#logs.length > 0;
    let again = false;
    if (this.#linesNext && waits()) {
      this.#linesNext = false;
      this.#write([], now);
      again = true;
    } else {
      this.#guarded(now, (store) => {
        again = store.makeRoom(now);
        this.#linesNext = !(again && store.isFull);
      });
    }
    if (again || waits()) this.#cancelTurn = this.#settings.clock.after(betweenTurnsMs, () => this.#turn());
  }

  /** The file is at its bound, and room is being made. */
  get #isBehind(): boolean {
    return this.#cancelTurn !== undefined && (this.#store?.isFull ?? false);
  }

  /** A timer that is set for no longer fires before that. */
  #tickWithin(ms: number): void {
    if (this.#armedMs <= ms || this.#stopped) return;
    this.#cancelTick?.();
    this.#armedMs = ms;
    this.#cancelTick = this.#settings.clock.after(ms, () => {
      this.#armedMs = Number.POSITIVE_INFINITY;
      this.tick();
      const isBusy = this.#assembler.openSpans > 0 || this.#logs.length > 0 || this.#store === undefined;
      this.#tickWithin(isBusy ? this.#settings.tickMs : idleTickMs);
    });
  }

  #write(traces: ReturnType<Assembler["due"]>, now: number, wholly = false): void {
    // Lines come faster than old ones can be deleted: they wait, and what does not fit is counted where it comes.
    const waiting = this.#isBehind ? [] : this.#logs;
    const arrivals = { traces, logs: waiting, points: this.#points, timeline: this.#timeline };
    this.#points = [];
    this.#timeline = [];
    let lines = waiting.length;
    const isWritten = this.#guarded(now, (store) => {
      lines = store.write(arrivals, now, wholly ? undefined : linesMs);
    });
    const logs = waiting.slice(0, lines);
    if (lines > 0) this.#logs = this.#logs.slice(lines);
    const spans = traces.reduce((sum, trace) => sum + trace.spans.size, 0);
    const records = spans + logs.length + arrivals.points.length;
    this.#writtenSinceGarbage += records;
    if (!isWritten) this.tally.count("unwritten", records);
    if (traces.length > 0) this.#listeners.traces?.(traces.map(({ spans }) => [...spans.values()]));
    if (logs.length > 0) this.#listeners.logs?.(logs);
  }

  /** What the tables keep in memory is wrong after a transaction was rolled back: they are opened anew. */
  #guarded(now: number, work: (store: Store) => void): boolean {
    if (this.#store === undefined) return false;
    try {
      work(this.#store);
      return true;
    } catch (error) {
      this.#fault = `${this.#settings.file} cannot be written: ${messageOf(error)}`;
      this.#listeners.warn?.(this.#fault);
      this.#reopenAt = now + reopenMs;
      const store = this.#store;
      this.#store = undefined;
      try {
        store.close();
      } catch {
        // It is the broken one.
      }
      return false;
    }
  }

  #reopen(now: number): void {
    if (this.#store !== undefined || now < this.#reopenAt) return;
    this.#reopenAt = now + reopenMs;
    try {
      this.#store = new Store(this.#settings, this.tally);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = `${this.#settings.file} cannot be opened: ${messageOf(error)}`;
    }
  }

  #span(span: SpanRecord): void {
    this.#tickWithin(this.#settings.tickMs);
    const now = this.#settings.clock.now();
    this.#decision.look(span, now);
    this.#assembler.add(span, now);
  }

  #log(log: LogRecord): void {
    this.#tickWithin(this.#settings.tickMs);
    if (this.#logs.length < this.#settings.maxWaitingLogs) this.#logs.push(log);
    else this.tally.count("overload");
  }

  #point(point: MetricPoint, at: number): void {
    this.#tickWithin(Math.max(pointsTickMs, this.#settings.tickMs));
    if (this.#points.length >= maxPointsPerTick) {
      this.tally.count("overload");
      return;
    }
    this.#points.push({ at, point });
    // By when it came, not by the sender's clock: the live window is read from its newest end on.
    if (!this.#live.add(point, this.#settings.clock.now())) this.tally.count("instances");
    this.#totals.add(point, at);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
