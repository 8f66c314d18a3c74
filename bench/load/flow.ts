/** Parts of the planned time; a verdict needs whole ones in both halves of what was measured. */
const parts = 40;

/** What was due and what was answered in each part of the planned time; plain data, so that it travels between processes. */
export interface FlowCounts {
  readonly partMs: number;
  readonly due: readonly number[];
  readonly answered: readonly number[];
}

/** Counts requests into and answers out of the target, by when they were due and when they ended. */
export class Flow {
  #fromMs = Number.POSITIVE_INFINITY;
  #partMs = 0;
  readonly #due = new Int32Array(parts);
  readonly #answered = new Int32Array(parts);

  /** `fromMs` as the times of the other calls; before this call nothing counts. */
  begin(fromMs: number, durationMs: number): void {
    this.#fromMs = fromMs;
    this.#partMs = durationMs / parts;
  }

  due(atMs: number): void {
    this.#count(this.#due, atMs);
  }

  /** One that ended after the planned time is left out, however short that was. */
  answered(atMs: number): void {
    this.#count(this.#answered, atMs);
  }

  counts(): FlowCounts {
    return { partMs: this.#partMs, due: [...this.#due], answered: [...this.#answered] };
  }

  #count(into: Int32Array, atMs: number): void {
    if (!(atMs >= this.#fromMs)) return;
    const part = Math.floor((atMs - this.#fromMs) / this.#partMs);
    if (part < parts) into[part]!++;
  }
}

/** Of several processes with the same plan. */
export function sumFlows(all: readonly FlowCounts[]): FlowCounts {
  const sum = (key: "due" | "answered") =>
    all[0]!.due.map((_, part) => all.reduce((total, flow) => total + flow[key][part]!, 0));
  return { partMs: all[0]!.partMs, due: sum("due"), answered: sum("answered") };
}

/** Sums of the second half of what was measured, in whole parts; of nothing when it was too short for two of them. */
export function secondHalf(
  flow: FlowCounts,
  measuredMs: number,
): { due: number; answered: number; fromMs: number } {
  // Rounding of times must not lose the last part of a run that went to its end.
  const whole = Math.min(parts, Math.floor(measuredMs / flow.partMs + 0.01));
  const from = Math.floor(whole / 2);
  const sum = (counts: readonly number[]) =>
    counts.slice(from, whole).reduce((total, count) => total + count, 0);
  if (whole < 2) return { due: 0, answered: 0, fromMs: 0 };
  return { due: sum(flow.due), answered: sum(flow.answered), fromMs: from * flow.partMs };
}
