/** A counter is one, a histogram one a bucket and two. */
const defaultMaxNumbers = 200_000;

/** What a series has counted since it began: by bucket index, and by name what is in no bucket. */
export interface Total {
  /** Of exponential buckets; 0 where there are none. */
  readonly scale: number;
  readonly values: ReadonlyMap<number | string, number>;
}

/** Makes changes of running totals, which many senders of metrics report (OpenTelemetry's "cumulative temporality"). */
export class RunningTotals {
  /** In the order last heard of. */
  readonly #last = new Map<string, Total>();
  readonly #sinceMs: number;
  readonly #maxNumbers: number;
  #numbers = 0;
  #forgot = false;

  /** What began at `sinceMs` or later is known from its beginning. `maxNumbers` are remembered of all series together. */
  constructor(sinceMs: number, maxNumbers = defaultMaxNumbers) {
    this.#sinceMs = sinceMs;
    this.#maxNumbers = maxNumbers;
  }

  /**
   * What came since the last time. A total that went back began anew. Of the first report of a series that began before
   * this was made nobody knows how much is new: nothing.
   */
  change(key: string, total: Total, beganMs: number | undefined): Total["values"] {
    const last = this.#last.get(key);
    this.#remember(key, total, last);
    if (last === undefined) {
      const isFromItsBeginning = beganMs !== undefined && beganMs >= this.#sinceMs && !this.#forgot;
      return isFromItsBeginning ? total.values : new Map();
    }
    const before = coarsened(last, total.scale);
    const change = new Map(total.values);
    for (const [place, value] of before) {
      const left = (change.get(place) ?? 0) - value;
      if (left < 0) return total.values;
      change.set(place, left);
    }
    return change;
  }

  #remember(key: string, total: Total, last: Total | undefined): void {
    this.#last.delete(key);
    this.#last.set(key, total);
    this.#numbers += total.values.size - (last?.values.size ?? 0);
    for (const [oldest, { values }] of this.#last) {
      if (this.#numbers <= this.#maxNumbers) break;
      this.#last.delete(oldest);
      this.#numbers -= values.size;
      this.#forgot = true;
    }
  }
}

/** A sender makes its buckets coarser when values spread; finer ones are those of a sender that began anew. */
function coarsened({ scale, values }: Total, to: number): Total["values"] {
  if (scale <= to) return values;
  const coarse = new Map<number | string, number>();
  for (const [place, value] of values) {
    const moved = typeof place === "number" ? Math.floor(place / 2 ** (scale - to)) : place;
    coarse.set(moved, (coarse.get(moved) ?? 0) + value);
  }
  return coarse;
}
