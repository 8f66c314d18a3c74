import type { HistogramData, MetricPoint } from "../model.ts";
import { isSampled, spanIdOf, traceIdOf } from "./trace-context.ts";

/** 2^3 buckets per doubling: a value is known within 9 %, a percentile in the middle of its bucket within 4.5 %. */
const scale = 3;
const perDoubling = 2 ** scale;
/** 2^-10 to 2^22: of milliseconds, one microsecond to seventy minutes. What is beyond falls into the outermost bucket. */
const firstIndex = -10 * perDoubling;
const size = 32 * perDoubling;

/**
 * A base-2 exponential histogram (OpenTelemetry's data model, "ExponentialHistogram"): bucket `i` holds values in
 * (2^(i/8), 2^((i+1)/8)]. All have one scale, so they merge by adding counts. Recording allocates nothing.
 */
export class ExponentialHistogram {
  readonly #counts = new Uint32Array(size);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #zeros = 0;
  #exampleContext = "";
  #exampleValue = -1;

  get changed(): boolean {
    return this.#count > 0;
  }

  /** Values below zero count as zero: durations of a clock that was set back. */
  record(value: number): void {
    this.#count++;
    if (!(value > 0)) {
      this.#zeros++;
      this.#min = 0;
      return;
    }
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    const index = Math.ceil(Math.log2(value) * perDoubling) - 1 - firstIndex;
    this.#counts[index < 0 ? 0 : index < size ? index : size - 1]!++;
  }

  /** As record; the largest value of a sampled trace since the last report becomes the example. */
  recordWithin(value: number, context: string): void {
    this.record(value);
    if (value > this.#exampleValue && isSampled(context)) {
      this.#exampleValue = value;
      this.#exampleContext = context;
    }
  }

  /** What came since the last time; undefined when nothing did. */
  take(at: number): Pick<MetricPoint, "histogram" | "exemplar"> | undefined {
    if (this.#count === 0) return undefined;
    const buckets: [index: number, count: number][] = [];
    for (let i = 0; i < size; i++) {
      const count = this.#counts[i]!;
      if (count > 0) buckets.push([i + firstIndex, count]);
    }
    const histogram: HistogramData = {
      scale,
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      zeros: this.#zeros,
      buckets,
    };
    const exemplar =
      this.#exampleContext === ""
        ? undefined
        : {
            traceId: traceIdOf(this.#exampleContext),
            spanId: spanIdOf(this.#exampleContext),
            value: this.#exampleValue,
            at,
          };
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
    this.#zeros = 0;
    this.#exampleContext = "";
    this.#exampleValue = -1;
    return exemplar === undefined ? { histogram } : { histogram, exemplar };
  }
}
