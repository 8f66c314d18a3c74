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

/** Not lost, but worth knowing. `orphan`: traces that were written while the parent of one of their spans had not come. */
export type Oddity = "duplicate" | "late" | "orphan" | "skew" | "truncated";

export class Tally {
  readonly #counts = new Map<string, number>();

  count(reason: Loss | Oddity, amount = 1): void {
    if (amount > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + amount);
  }

  of(reason: Loss | Oddity): number {
    return this.#counts.get(reason) ?? 0;
  }

  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
