import type { HistogramData } from "../model.ts";

/** Wider ranges than this many buckets are stored at a coarser scale, as OpenTelemetry's SDKs do. */
const maxBuckets = 160;
/** One bucket for 2^1024 values' worth of doublings: as coarse as it can be of use. */
const minScale = -10;

type Buckets = Iterable<readonly [index: number, count: number]>;

/** What stands beside the packed bytes. */
export interface PackedColumns {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

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

  add(data: Omit<HistogramData, "buckets"> & { readonly buckets: Buckets }): this {
    if (data.count === 0) return this;
    const shift = this.#alignTo(data.scale);
    for (const [index, count] of data.buckets) this.#put(index >> shift, count);
    this.#total(data.count, data.sum, data.zeros, data.min, data.max);
    return this;
  }

  /** As add, of what packHistogram made. Hot path of charts: thousands of these make one line. */
  addPacked(bytes: Uint8Array, columns: PackedColumns): this {
    if (columns.count === 0) return this;
    const reader = new PackedReader(bytes);
    const shift = this.#alignTo(reader.scale);
    for (let left = reader.size; left > 0; left--) this.#put(reader.nextIndex() >> shift, reader.nextCount());
    this.#total(columns.count, columns.sum, reader.zeros, reader.min, columns.max);
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

  /** Values whose place is known; `count` has those of histograms without buckets besides. */
  get placed(): number {
    let total = this.zeros;
    for (const count of this.#buckets.values()) total += count;
    return total;
  }

  /** The value below which a share of `q` (0 to 1) lies; undefined when no place is known. Off by at most half a bucket. */
  quantile(q: number): number | undefined {
    const placed = this.placed;
    if (placed === 0) return undefined;
    let rank = q * placed - this.zeros;
    if (rank <= 0 && this.zeros > 0) return Math.max(0, this.min);
    for (const [index, count] of [...this.#buckets].sort((a, b) => a[0] - b[0])) {
      rank -= count;
      if (rank <= epsilon) return within(index, this.scale, this.min, this.max);
    }
    return this.max;
  }

  /** How many values are at most `bound`; exact when `bound` is a power of two and the scale is not negative. */
  countUpTo(bound: number): number {
    if (bound >= this.max) return bound === Number.POSITIVE_INFINITY ? this.count : this.placed;
    let total = this.zeros;
    for (const [index, count] of this.#buckets) {
      if (lowerBound(index + 1, this.scale) <= bound * (1 + 1e-9)) total += count;
    }
    return total;
  }

  /** To the coarser of both scales. Returns how far the other's indexes must be shifted. */
  #alignTo(scale: number): number {
    this.#coarsenTo(scale);
    return scale - this.scale;
  }

  #total(count: number, sum: number, zeros: number, min: number, max: number): void {
    this.count += count;
    this.sum += sum;
    this.zeros += zeros;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
    while (this.#buckets.size > maxBuckets && this.scale > minScale) this.#coarsenTo(this.scale - 1);
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

/** Counts are whole; what ranks lack to them is rounding. */
const epsilon = 1e-9;

function within(index: number, scale: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, lowerBound(index + 0.5, scale)));
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

/** As `quantile` of the histogram, which is not made for it. */
export function packedQuantile(bytes: Uint8Array, max: number, q: number): number | undefined {
  const all = new PackedReader(bytes);
  let placed = all.zeros;
  for (let left = all.size; left > 0; left--) {
    all.nextIndex();
    placed += all.nextCount();
  }
  if (placed === 0) return undefined;
  const reader = new PackedReader(bytes);
  const { scale, zeros, min } = reader;
  let rank = q * placed - zeros;
  if (rank <= 0 && zeros > 0) return Math.max(0, min);
  for (let left = reader.size; left > 0; left--) {
    const index = reader.nextIndex();
    rank -= reader.nextCount();
    if (rank <= epsilon) return within(index, scale, min, max);
  }
  return max;
}

/** Tells each bucket, and returns how many values are 0. */
export function visitPacked(
  bytes: Uint8Array,
  told: (index: number, scale: number, count: number) => void,
): number {
  const reader = new PackedReader(bytes);
  for (let left = reader.size; left > 0; left--) {
    told(reader.nextIndex(), reader.scale, reader.nextCount());
  }
  return reader.zeros;
}

class PackedReader {
  readonly scale: number;
  readonly zeros: number;
  readonly min: number;
  readonly size: number;
  readonly #bytes: Uint8Array;
  #at = 0;
  #index: number | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.scale = unzigzag(this.nextCount());
    this.zeros = this.nextCount();
    this.min = new DataView(bytes.buffer, bytes.byteOffset + this.#at, 8).getFloat64(0, true);
    this.#at += 8;
    this.size = this.nextCount();
  }

  nextIndex(): number {
    const value = this.nextCount();
    this.#index = this.#index === undefined ? unzigzag(value) : this.#index + value;
    return this.#index;
  }

  nextCount(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  }
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
