import type { MetricPoint } from "../model.ts";
import { Histogram } from "./histogram.ts";
import { seriesKey } from "./series-key.ts";

/** Since the observer began: what a scrape reads. */
export interface Total {
  readonly name: string;
  readonly kind: MetricPoint["kind"];
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  at: number;
  /** When its first point came. */
  readonly since: number;
  value: number;
  readonly histogram: Histogram | undefined;
  exemplar: MetricPoint["exemplar"];
}

/** A gauge of a worker that reports no more is no longer true; one that rests reports every minute at the least. */
const gaugeMs = 150_000;
/** A counter keeps its last value this long, so that a worker that was only quiet does not count from zero. */
const counterMs = 3_600_000;

/** Sums of what workers report as changes. Bounded: past `maxSeries` further ones are left out, as in the file. */
export class Totals {
  readonly #byKey = new Map<string, Total>();
  readonly #maxSeries: number;

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  add(point: MetricPoint, at: number): void {
    const key = seriesKey(point.name, point.kind, point.labels);
    let total = this.#byKey.get(key);
    if (total === undefined) {
      if (this.#byKey.size >= this.#maxSeries) return;
      const { name, kind, unit, labels } = point;
      const histogram = kind === "histogram" ? new Histogram() : undefined;
      total = { name, kind, unit, labels, at, since: at, value: 0, histogram, exemplar: undefined };
      this.#byKey.set(key, total);
    }
    total.at = at;
    if (point.kind === "gauge") total.value = point.value ?? 0;
    else if (point.kind === "counter") total.value += point.value ?? 0;
    else if (point.histogram !== undefined) total.histogram?.add(point.histogram);
    total.exemplar = point.exemplar ?? total.exemplar;
  }

  trim(now: number): void {
    for (const [key, total] of this.#byKey) {
      if (total.at < now - (total.kind === "gauge" ? gaugeMs : counterMs)) this.#byKey.delete(key);
    }
  }

  all(): Total[] {
    return [...this.#byKey.values()];
  }
}
