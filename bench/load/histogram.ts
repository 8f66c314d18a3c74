import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Int32Histogram,
  JsHistogram,
} from "hdr-histogram-js";

/** Longer ones are recorded as this: an hour, far above any timeout of a load run. */
const highestMicros = 3_600_000_000;
const significantDigits = 3;

/** One recorded bucket: the middle of the values it stands for, and how often one of them was recorded. */
export type Bucket = readonly [micros: number, count: number];

/**
 * Latencies in an HDR histogram (Gil Tene's HdrHistogram: three significant digits from 1 µs to an hour, so a value
 * read back is within 0.1 % or 1 µs of what was recorded). Recording allocates nothing: 23 M values a second on the
 * machine of docs/load-testing.md.
 */
export class LatencyHistogram {
  #counts: JsHistogram;

  constructor(counts: JsHistogram = new Int32Histogram(1, highestMicros, significantDigits)) {
    this.#counts = counts;
  }

  /** A negative duration, which a clock may show by rounding, counts as 0. */
  recordMs(ms: number): void {
    this.#counts.recordValue(Math.min(Math.max(0, Math.round(ms * 1000)), highestMicros));
  }

  merge(other: LatencyHistogram): void {
    this.#counts.add(other.#counts);
  }

  reset(): void {
    this.#counts.reset();
  }

  get count(): number {
    return this.#counts.totalCount;
  }

  /** `percentile` from 0 to 100: the smallest recorded value that this share is not above. NaN when empty. */
  percentileMs(percentile: number): number {
    return this.count === 0 ? Number.NaN : this.#counts.getValueAtPercentile(percentile) / 1000;
  }

  get meanMs(): number {
    return this.count === 0 ? Number.NaN : this.#counts.mean / 1000;
  }

  get maxMs(): number {
    return this.percentileMs(100);
  }

  /** Rising values; few hundred even for millions of records. */
  buckets(): Bucket[] {
    const found: Bucket[] = [];
    const counts = this.#counts;
    const end = this.count === 0 ? 0 : counts.countsArrayIndex(counts.maxValue) + 1;
    for (let index = 0; index < end; index++) {
      const count = counts.getCountAtIndex(index);
      if (count > 0) found.push([counts.medianEquivalentValue(counts.valueFromIndex(index)), count]);
    }
    return found;
  }

  /** HdrHistogram's V2 compressed form in base64, which its tools in other languages read too. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#counts, 1);
  }

  /** Throws on anything that `encode` did not write. */
  static decode(text: string): LatencyHistogram {
    const decoded = decodeFromCompressedBase64(text, 32, false, highestMicros);
    if (!(decoded instanceof JsHistogram)) throw new Error("the histogram decoded into an unknown kind");
    return new LatencyHistogram(decoded);
  }
}
