/** Parts of the planned time; a verdict needs whole ones in both halves of what was measured. */
const parts = 40;

/** What happened in each part of the planned time; plain data, so that it travels between processes. */
export interface FlowCounts {
  readonly partMs: number;
  /** Arrivals. */
  readonly due: readonly number[];
  /** What arrivals began, over for good or bad; what was never sent is not. Of a scenario turns, of a bus deliveries. */
  readonly over: readonly number[];
  /** Answers. */
  readonly answered: readonly number[];
}

/** Counts what goes into the target and what comes out of it, by when it was due and when it ended. */
export class Flow {
  #fromMs = Number.POSITIVE_INFINITY;
  #partMs = 0;
  readonly #due = new Int32Array(parts);
  readonly #over = new Int32Array(parts);
  readonly #answered = new Int32Array(parts);
  /** When the last was over; before all times if none was. */
  lastOverMs = Number.NEGATIVE_INFINITY;

  /** `fromMs` as the times of the other calls; before this call nothing counts. */
  begin(fromMs: number, durationMs: number): void {
    this.#fromMs = fromMs;
    this.#partMs = durationMs / parts;
  }

  due(atMs: number): void {
    this.#count(this.#due, atMs);
  }

  over(atMs: number): void {
    this.lastOverMs = atMs;
    this.#count(this.#over, atMs);
  }

  /** One that ended after the planned time is left out, however short that was. */
  answered(atMs: number): void {
    this.#count(this.#answered, atMs);
  }

  counts(): FlowCounts {
    return {
      partMs: this.#partMs,
      due: [...this.#due],
      over: [...this.#over],
      answered: [...this.#answered],
    };
  }

  #count(into: Int32Array, atMs: number): void {
    if (!(atMs >= this.#fromMs)) return;
    const part = Math.floor((atMs - this.#fromMs) / this.#partMs);
    if (part < parts) into[part]!++;
  }
}

/** Of several processes with the same plan. */
export function sumFlows(all: readonly FlowCounts[]): FlowCounts {
  const sum = (key: "due" | "over" | "answered") =>
    all[0]!.due.map((_, part) => all.reduce((total, flow) => total + flow[key][part]!, 0));
  return { partMs: all[0]!.partMs, due: sum("due"), over: sum("over"), answered: sum("answered") };
}

/** Sums of the second half of what was measured, in whole parts; of nothing when it was too short for two of them. */
export function secondHalf(
  flow: FlowCounts,
  measuredMs: number,
): { due: number; over: number; fromMs: number } {
  // Rounding of times must not lose the last part of a run that went to its end.
  const whole = Math.min(parts, Math.floor(measuredMs / flow.partMs + 0.01));
  const from = Math.floor(whole / 2);
  const sum = (counts: readonly number[]) =>
    counts.slice(from, whole).reduce((total, count) => total + count, 0);
  if (whole < 2) return { due: 0, over: 0, fromMs: 0 };
  return { due: sum(flow.due), over: sum(flow.over), fromMs: from * flow.partMs };
}
