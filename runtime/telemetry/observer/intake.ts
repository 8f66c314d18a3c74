import type { LogRecord, MetricPoint, SpanRecord, TimelineEntry } from "../model.ts";
import { checkLog, checkPoint, checkSpan, Flaws, type Source } from "./check.ts";
import { Sequences } from "./sequences.ts";
import type { Loss, Oddity, Tally } from "./tally.ts";

/** Takes what passed the checks. */
export interface Sink {
  span(span: SpanRecord): void;
  log(log: LogRecord): void;
  /** `at`: when it was reported, by a clock that is believable. */
  point(point: MetricPoint, at: number): void;
}

/** A clock further off than this is not believed: its metrics count for now. */
const maxSkewMs = 60_000;
/** Records of one batch looked at; a worker sends a few hundred. */
const maxRecords = 20_000;

/** What a worker let go → its reason here. */
const reasons: ReadonlyMap<string, Loss | Oddity> = new Map([
  ["spans", "buffer"],
  ["logs", "lines"],
  ["metrics", "series"],
  ["unsampled", "unsampled"],
  ["cut", "truncated"],
  ["mended", "mended"],
  ["updates", "updates"],
]);

/** Checks what arrives, and counts what it cannot use. Never throws. */
export class Intake {
  readonly #sink: Sink;
  readonly #tally: Tally;
  readonly #sequences: Sequences;
  /** Of the record that is looked at. */
  readonly #flaws = new Flaws();

  constructor(sink: Sink, tally: Tally) {
    this.#sink = sink;
    this.#tally = tally;
    this.#sequences = new Sequences(tally);
  }

  /** A worker's batch. */
  batch(value: unknown, now: number): void {
    const head = headOf(value);
    if (head === undefined) {
      this.#tally.count("malformed");
      return;
    }
    const { service, instance, at, spans, logs, metrics, dropped } = head;
    if (!this.#sequences.note(head)) {
      this.#tally.count("duplicate");
      return;
    }
    if (typeof dropped === "object" && dropped !== null) {
      for (const [what, count] of Object.entries(dropped)) {
        if (!Number.isSafeInteger(count) || count <= 0) continue;
        this.#tally.count(reasons.get(what) ?? "buffer", count);
      }
    }
    const source = { service, instance };
    this.spans(listOf(spans));
    this.logs(listOf(logs), source);
    this.points(listOf(metrics), source, typeof at === "number" ? at : now, now);
  }

  spans(values: readonly unknown[]): void {
    for (const value of this.#bounded(values)) {
      const span = checkSpan(value, this.#flaws);
      if (this.#takes(span, "attributes")) this.#sink.span(span);
    }
  }

  logs(values: readonly unknown[], source: Source): void {
    for (const value of this.#bounded(values)) {
      const record = checkLog(value, source, this.#flaws);
      if (this.#takes(record, "truncated")) this.#sink.log(record);
    }
  }

  points(values: readonly unknown[], source: Source, at: number, now: number): void {
    const isBelievable = Math.abs(now - at) <= maxSkewMs;
    if (!isBelievable && values.length > 0) this.#tally.count("skew");
    for (const value of this.#bounded(values)) {
      const point = checkPoint(value, source, this.#flaws);
      if (this.#takes(point, "attributes")) this.#sink.point(point, isBelievable ? at : now);
    }
  }

  /** Counts what is wrong with it: refused as a whole, or not as it came. */
  #takes<T>(record: T | undefined, ofCuts: "attributes" | "truncated"): record is T {
    const { mended, cut } = this.#flaws;
    this.#flaws.clear();
    if (record === undefined) {
      this.#tally.count("malformed");
      return false;
    }
    if (mended) this.#tally.count("mended");
    if (cut > 0) this.#tally.count(ofCuts, ofCuts === "truncated" ? 1 : cut);
    return true;
  }

  #bounded(values: readonly unknown[]): readonly unknown[] {
    if (values.length <= maxRecords) return values;
    this.#tally.count("overload", values.length - maxRecords);
    return values.slice(0, maxRecords);
  }
}

export function checkTimelineEntry(value: unknown): TimelineEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { at, kind, text, service, instance, detail } = value as Record<string, unknown>;
  if (typeof at !== "number" || !Number.isFinite(at) || typeof text !== "string") return undefined;
  if (kind !== "state" && kind !== "action" && kind !== "topology" && kind !== "experiment") return undefined;
  return {
    at,
    kind,
    text: text.slice(0, 1000),
    ...(typeof service === "string" ? { service } : {}),
    ...(typeof instance === "string" ? { instance } : {}),
    ...(typeof detail === "object" && detail !== null ? { detail: detail as Record<string, unknown> } : {}),
  };
}

type BatchHead = Record<string, unknown> & {
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
  readonly sequence: number;
};

function headOf(value: unknown): BatchHead | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { service, instance, generation, sequence } = value as Record<string, unknown>;
  const isWhole =
    typeof service === "string" &&
    typeof instance === "string" &&
    typeof generation === "number" &&
    Number.isSafeInteger(sequence);
  return isWhole ? (value as BatchHead) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
