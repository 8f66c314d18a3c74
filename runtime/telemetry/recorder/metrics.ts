import type { MetricPoint } from "../model.ts";
import { ExponentialHistogram } from "./histogram.ts";

export type Labels = Readonly<Record<string, string>>;

/** A sum that only grows. */
export class Counter {
  #value = 0;

  get changed(): boolean {
    return this.#value !== 0;
  }

  add(amount = 1): void {
    this.#value += amount;
  }

  take(): Pick<MetricPoint, "value"> | undefined {
    if (this.#value === 0) return undefined;
    const value = this.#value;
    this.#value = 0;
    return { value };
  }
}

/** What something is right now. */
export class Gauge {
  /** A gauge alone is no reason to report. */
  readonly changed = false;
  #value: number | undefined;

  set(value: number): void {
    this.#value = value;
  }

  /** What it measured is gone: no longer reported. */
  clear(): void {
    this.#value = undefined;
  }

  take(): Pick<MetricPoint, "value"> | undefined {
    return this.#value === undefined ? undefined : { value: this.#value };
  }
}

interface Series {
  readonly name: string;
  readonly kind: MetricPoint["kind"];
  readonly unit: string;
  readonly labels: Labels;
  readonly instrument: Counter | Gauge | ExponentialHistogram;
}

/** As OpenTelemetry's SDKs call the series that takes what is beyond the limit. */
const overflowLabels: Labels = { "otel.metric.overflow": "true" };

/**
 * The metrics of one worker. Whoever is instrumented asks once for its series and keeps it. Series are bounded in
 * number; what would be one more is recorded in one common series per metric, and counted.
 */
export class Metrics {
  readonly #maxSeries: number;
  readonly #series = new Map<string, Series>();
  readonly #all: Series[] = [];
  readonly #observers = new Set<() => void>();
  #refused = 0;
  /** Where the next report begins: one that has no room for all leaves the rest to the next. */
  #next = 0;

  constructor(maxSeries: number) {
    if (!(Number.isInteger(maxSeries) && maxSeries >= 1)) {
      throw new RangeError(`maxSeries: expected at least 1, got ${maxSeries}`);
    }
    this.#maxSeries = maxSeries;
  }

  counter(name: string, unit: string, labels: Labels = {}): Counter {
    return this.#get("counter", name, unit, labels, () => new Counter()) as Counter;
  }

  gauge(name: string, unit: string, labels: Labels = {}): Gauge {
    return this.#get("gauge", name, unit, labels, () => new Gauge()) as Gauge;
  }

  histogram(name: string, unit: string, labels: Labels = {}): ExponentialHistogram {
    const made = this.#get("histogram", name, unit, labels, () => new ExponentialHistogram());
    return made as ExponentialHistogram;
  }

  /** `observe` sets gauges right before each report. The returned function ends it. Must not throw. */
  observe(observe: () => void): () => void {
    this.#observers.add(observe);
    return () => this.#observers.delete(observe);
  }

  /** Whether anything besides gauges has something to report. */
  get changed(): boolean {
    return this.#all.some(({ instrument }) => instrument.changed);
  }

  /** What came since the last time, and the gauges; at most `limit` points. */
  take(at: number, limit: number): MetricPoint[] {
    for (const observe of this.#observers) observe();
    const points: MetricPoint[] = [];
    const count = this.#all.length;
    for (let looked = 0; looked < count && points.length < limit; looked++) {
      const { name, kind, unit, labels, instrument } = this.#all[this.#next]!;
      this.#next = (this.#next + 1) % count;
      const taken = instrument.take(at);
      if (taken !== undefined) points.push({ name, kind, unit, labels, ...taken });
    }
    return points;
  }

  /** Series refused since the last time. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }

  #get(
    kind: MetricPoint["kind"],
    name: string,
    unit: string,
    labels: Labels,
    make: () => Series["instrument"],
  ): Series["instrument"] {
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([name, ...sorted]);
    const known = this.#series.get(key);
    if (known !== undefined) {
      if (known.kind !== kind) throw new TypeError(`${name} is a ${known.kind}, not a ${kind}`);
      return known.instrument;
    }
    if (this.#series.size >= this.#maxSeries && labels !== overflowLabels) {
      this.#refused++;
      return this.#get(kind, name, unit, overflowLabels, make);
    }
    const instrument = make();
    const series = { name, kind, unit, labels, instrument };
    this.#series.set(key, series);
    this.#all.push(series);
    return instrument;
  }
}
