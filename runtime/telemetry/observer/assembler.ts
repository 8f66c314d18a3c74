import { TransientMap } from "../../transient-map.ts";
import type { SpanRecord } from "../model.ts";
import type { ObserverSettings } from "./options.ts";
import type { Tally } from "./tally.ts";

/** A trace whose spans still come in. */
export interface OpenTrace {
  readonly traceId: string;
  readonly spans: Map<string, SpanRecord>;
  readonly openedAt: number;
  lastAt: number;
  hasRoot: boolean;
}

type AssemblerSettings = Pick<
  ObserverSettings,
  "quietMs" | "orphanQuietMs" | "maxOpenMs" | "maxOpenSpans" | "maxTraceSpans"
>;

/** Holds the spans of each trace until it is whole, within bounds. */
export class Assembler {
  readonly #settings: AssemblerSettings;
  readonly #tally: Tally;
  /** In the order of their first span. */
  readonly #open = new TransientMap<string, OpenTrace>();
  #spans = 0;

  constructor(settings: AssemblerSettings, tally: Tally) {
    this.#settings = settings;
    this.#tally = tally;
  }

  get openSpans(): number {
    return this.#spans;
  }

  get openTraces(): number {
    return this.#open.size;
  }

  find(traceId: string): OpenTrace | undefined {
    return this.#open.get(traceId);
  }

  add(span: SpanRecord, now: number): void {
    let trace = this.#open.get(span.traceId);
    if (trace === undefined) {
      trace = { traceId: span.traceId, spans: new Map(), openedAt: now, lastAt: now, hasRoot: false };
      this.#open.set(span.traceId, trace);
    }
    if (trace.spans.has(span.spanId)) {
      this.#tally.count("duplicate");
      return;
    }
    if (trace.spans.size >= this.#settings.maxTraceSpans) {
      this.#tally.count("overload");
      return;
    }
    trace.spans.set(span.spanId, span);
    trace.lastAt = now;
    trace.hasRoot ||= span.parentSpanId === undefined;
    this.#spans++;
  }

  /** Takes out what is whole, or waited long enough, or too much. */
  due(now: number): OpenTrace[] {
    const { quietMs, orphanQuietMs, maxOpenMs } = this.#settings;
    const due: OpenTrace[] = [];
    for (const trace of this.#open.values()) {
      const quiet = now - trace.lastAt >= (trace.hasRoot ? quietMs : orphanQuietMs);
      if (quiet || now - trace.openedAt >= maxOpenMs) due.push(trace);
    }
    for (const trace of due) this.#remove(trace);
    return due.concat(this.#overflow());
  }

  /** Takes out all. */
  drain(): OpenTrace[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    this.#spans = 0;
    return all;
  }

  #overflow(): OpenTrace[] {
    const early: OpenTrace[] = [];
    for (const trace of this.#open.values()) {
      if (this.#spans <= this.#settings.maxOpenSpans) break;
      this.#remove(trace);
      early.push(trace);
    }
    return early;
  }

  #remove(trace: OpenTrace): void {
    this.#open.delete(trace.traceId);
    this.#spans -= trace.spans.size;
  }
}
