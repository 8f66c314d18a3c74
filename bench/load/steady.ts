export interface Truncation {
  /** Observations to leave out. */
  readonly cut: number;
  /** The cut lies within the first half and not at its end, so that what follows is long enough to believe it. */
  readonly sufficient: boolean;
}

const minBatches = 8;

/**
 * Where a start-up transient ends: MSER-5 (White: "An effective truncation heuristic for bias reduction in simulation
 * output", Simulation 69(6), 1997; batches of five: White, Cobb, Spratt 2000). Of all cuts d it takes the one with the
 * smallest Σ (Yⱼ − mean of the rest)² / (rest)², the width of the confidence interval of what is left. Only cuts in the
 * first half are looked at, since the few batches of a short rest may be alike by chance.
 */
export function mser(observations: readonly number[], batchSize = 5): Truncation {
  const batches: number[] = [];
  for (let from = 0; from + batchSize <= observations.length; from += batchSize) {
    let sum = 0;
    for (let i = from; i < from + batchSize; i++) sum += observations[i]!;
    batches.push(sum / batchSize);
  }
  const last = Math.floor(batches.length / 2);
  let best = { d: 0, width: Number.POSITIVE_INFINITY };
  let [sum, squares, rest] = [0, 0, 0];
  for (let d = batches.length - 1; d >= 0; d--) {
    const value = batches[d]!;
    sum += value;
    squares += value * value;
    rest++;
    if (d > last) continue;
    // Rounding may take the sum of squares a little below nothing.
    const width = Math.max(0, squares - (sum * sum) / rest) / (rest * rest);
    if (width <= best.width) best = { d, width };
  }
  return {
    cut: best.d * batchSize,
    sufficient: batches.length >= minBatches && best.d < last,
  };
}

/** Means of a twentieth of a second of all processes, and whether they have settled. */
export class SteadyState {
  readonly #throughput: number[] = [];
  readonly #latency: number[] = [];

  add(count: number, meanMs: number): void {
    this.#throughput.push(count);
    this.#latency.push(meanMs);
  }

  get replies(): number {
    return this.#throughput.reduce((sum, count) => sum + count, 0);
  }

  get settled(): boolean {
    return mser(this.#throughput).sufficient && mser(this.#latency).sufficient && this.replies > 0;
  }
}
