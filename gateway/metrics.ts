/** Upper bounds of the duration buckets in milliseconds; a last bucket takes what is above. */
export const durationBucketsMs = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000,
] as const;

/** One route's counters since the start. */
export interface RouteMetrics {
  readonly route: string;
  readonly requests: number;
  /** Answers with a status of 500 and above. */
  readonly errors: number;
  /** By first digit of the status: index 2 for 2xx. */
  readonly statusClasses: readonly number[];
  /** Milliseconds until the head of the answer, summed. */
  readonly durationSumMs: number;
  /** Counts per bucket, not cumulative; one more than there are bounds. */
  readonly durationBuckets: readonly number[];
}

const classes = 6;
const width = durationBucketsMs.length + 1;

/** Counters per route in plain arrays: recording allocates nothing. */
export class GatewayMetrics {
  readonly routes: readonly string[];
  readonly #statusClasses: Float64Array;
  readonly #durationSums: Float64Array;
  readonly #buckets: Float64Array;

  constructor(routes: readonly string[]) {
    this.routes = routes;
    this.#statusClasses = new Float64Array(routes.length * classes);
    this.#durationSums = new Float64Array(routes.length);
    this.#buckets = new Float64Array(routes.length * width);
  }

  record(route: number, status: number, durationMs: number): void {
    let bucket = 0;
    while (bucket < durationBucketsMs.length && durationMs > durationBucketsMs[bucket]!) bucket++;
    this.#buckets[route * width + bucket]!++;
    this.#statusClasses[route * classes + ((status / 100) | 0)]!++;
    this.#durationSums[route]! += durationMs;
  }

  snapshot(): RouteMetrics[] {
    return this.routes.map((route, index) => {
      const statusClasses = [...this.#statusClasses.subarray(index * classes, (index + 1) * classes)];
      return {
        route,
        requests: statusClasses.reduce((sum, count) => sum + count, 0),
        errors: statusClasses[5]!,
        statusClasses,
        durationSumMs: this.#durationSums[index]!,
        durationBuckets: [...this.#buckets.subarray(index * width, (index + 1) * width)],
      };
    });
  }

  totals(): { readonly requests: number; readonly errors: number } {
    let requests = 0;
    for (const count of this.#statusClasses) requests += count;
    let errors = 0;
    for (let i = 5; i < this.#statusClasses.length; i += classes) errors += this.#statusClasses[i]!;
    return { requests, errors };
  }
}
