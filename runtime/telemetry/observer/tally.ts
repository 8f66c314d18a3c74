/** Why telemetry was let go, or was not as it should be: each reason is counted, and the counts are shown. */
export type Loss =
  /** Spans for which a worker had no room until they could leave. */
  | "buffer"
  /** Log lines, likewise. */
  | "lines"
  /** Batches whose number never came. */
  | "lost"
  /** Not of the shape it should have. */
  | "malformed"
  /** Points of OTLP summaries: of a kind that is not taken. */
  | "unsupported"
  /** Old traces and log lines, deleted to make room. */
  | "retention"
  /** Spans or lines beyond a bound of the observer. */
  | "overload"
  /** Points of one series too many. */
  | "series"
  /** Updates of the page for browsers that were too slow for them. */
  | "updates"
  /** Gauges of one instance too many for the live graph; they are stored all the same. */
  | "instances"
  /** Spans that workers kept to themselves: their traces were not sampled, and neither failed nor were slow. */
  | "unsampled"
  /** Failed or slow traces beyond the rate at which workers are asked for the rest of one. */
  | "uncollected"
  /** Could not be written to the file. */
  | "unwritten"
  /** Not taken by a receiver outside. */
  | "export";

/** Not lost, or not wholly, but worth knowing. */
export type Oddity =
  | "duplicate"
  | "late"
  /** Traces that were written while the parent of one of their spans had not come. */
  | "orphan"
  /** Batches from a clock that is not believed. */
  | "skew"
  /** Traces with spans of processes whose clocks disagree. */
  | "clocks"
  /** Log lines of which a part was cut off. */
  | "truncated"
  /** Attributes, events, links and names of spans and metrics that were cut, or one too many. */
  | "attributes"
  /** Lines, spans, points and documents with text that is no Unicode: it was mended. */
  | "mended";

export class Tally {
  readonly #counts = new Map<string, number>();
  /** What the file does not have yet. */
  readonly #fresh = new Map<string, number>();
  /** Hears of each count. Must not throw. */
  onCount: (() => void) | undefined = undefined;

  count(reason: Loss | Oddity, amount = 1): void {
    if (!(amount > 0)) return;
    add(this.#counts, reason, amount);
    add(this.#fresh, reason, amount);
    this.onCount?.();
  }

  of(reason: Loss | Oddity): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Goes on from what the file has of an earlier process. */
  restore(counts: Readonly<Record<string, number>>): void {
    for (const [reason, amount] of Object.entries(counts)) add(this.#counts, reason, amount);
  }

  /** What was counted since the last `written`. */
  get fresh(): ReadonlyMap<string, number> {
    return this.#fresh;
  }

  /** Those that the file has, and what it does not have yet. */
  with(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const all = new Map(Object.entries(counts));
    for (const [reason, amount] of this.#fresh) add(all, reason, amount);
    return Object.fromEntries(all);
  }

  /** The file has all of `fresh`. */
  written(): void {
    this.#fresh.clear();
  }

  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

function add(counts: Map<string, number>, reason: string, amount: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + amount);
}
