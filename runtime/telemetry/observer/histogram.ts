import type { HistogramData } from "../model.ts";

/** Wider ranges than this many buckets are stored at a coarser scale, as OpenTelemetry's SDKs do. */
const maxBuckets = 160;

/**
 * A sum of exponential histograms (OpenTelemetry data model, "ExponentialHistogram"): bucket i of scale s holds values in
 * (2^(i/2^s), 2^((i+1)/2^s)]. Sums of different scales are made at the coarser one, which is exact.
 */
export class Histogram {
  scale = 20;
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  zeros = 0;
  #buckets = new Map<number, number>();

  get buckets(): ReadonlyMap<number, number> {
    return this.#buckets;
  }

  add(data: HistogramData): this {
    if (data.count === 0) return this;
    this.#coarsenTo(data.scale);
    const shift = data.scale - this.scale;
    for (const [index, count] of data.buckets) this.#put(shift === 0 ? index : index >> shift, count);
    this.count += data.count;
    this.sum += data.sum;
    this.zeros += data.zeros;
    this.min = Math.min(this.min, data.min);
    this.max = Math.max(this.max, data.max);
    // Values that differ by a factor of 2^160 cannot be told apart any finer.
    while (this.#buckets.size > maxBuckets && this.scale > -10) this.#coarsenTo(this.scale - 1);
    return this;
  }

  toData(): HistogramData {
    const empty = this.count === 0;
    return {
      scale: this.scale,
      count: this.count,
      sum: this.sum,
      min: empty ? 0 : this.min,
      max: empty ? 0 : this.max,
      zeros: this.zeros,
      buckets: [...this.#buckets].sort((a, b) => a[0] - b[0]),
    };
  }

  /** The value below which a share of `q` (0 to 1) lies; undefined when empty. Off by at most half a bucket. */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    let rank = q * this.count - this.zeros;
    if (rank <= 0 && this.zeros > 0) return Math.max(0, this.min);
    for (const [index, count] of [...this.#buckets].sort((a, b) => a[0] - b[0])) {
      rank -= count;
      if (rank > 1e-9) continue;
      return Math.min(this.max, Math.max(this.min, lowerBound(index + 0.5, this.scale)));
    }
    return this.max;
  }

  /** How many values are at most `bound`; exact when `bound` is a power of two and the scale is not negative. */
  countUpTo(bound: number): number {
    if (bound >= this.max) return this.count;
    let total = this.zeros;
    for (const [index, count] of this.#buckets) {
      if (lowerBound(index + 1, this.scale) <= bound * (1 + 1e-9)) total += count;
    }
    return total;
  }

  #put(index: number, count: number): void {
    this.#buckets.set(index, (this.#buckets.get(index) ?? 0) + count);
  }

  #coarsenTo(scale: number): void {
    if (scale >= this.scale) return;
    const shift = this.scale - scale;
    this.scale = scale;
    if (this.#buckets.size === 0) return;
    const finer = this.#buckets;
    this.#buckets = new Map();
    for (const [index, count] of finer) this.#put(index >> shift, count);
  }
}

/** Where bucket `index` begins; fractions lie geometrically inside it. */
export function lowerBound(index: number, scale: number): number {
  return 2 ** (index * 2 ** -scale);
}

/**
 * As bytes for the file, about 30 for a second of one route:
 *
 * ```
 * varint zigzag(scale) │ varint zeros │ f64 min │ varint buckets │ varint zigzag(first index), count │ (gap, count)…
 * ```
 *
 * Count, sum and max stand in columns of their own.
 */
export function packHistogram(data: HistogramData): Uint8Array {
  const bytes: number[] = [];
  varint(bytes, zigzag(data.scale));
  varint(bytes, data.zeros);
  bytes.push(...new Uint8Array(Float64Array.of(data.min).buffer));
  varint(bytes, data.buckets.length);
  let previous = 0;
  for (const [place, [index, count]] of data.buckets.entries()) {
    varint(bytes, place === 0 ? zigzag(index) : index - previous);
    varint(bytes, count);
    previous = index;
  }
  return Uint8Array.from(bytes);
}

export function unpackHistogram(
  bytes: Uint8Array,
  columns: { readonly count: number; readonly sum: number; readonly max: number },
): HistogramData {
  let at = 0;
  const next = () => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const scale = unzigzag(next());
  const zeros = next();
  const min = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0, true);
  at += 8;
  const size = next();
  const buckets: [number, number][] = [];
  let index = 0;
  for (let place = 0; place < size; place++) {
    index = place === 0 ? unzigzag(next()) : index + next();
    buckets.push([index, next()]);
  }
  return { ...columns, scale, zeros, min, buckets };
}

function varint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number) => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
