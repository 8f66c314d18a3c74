import type { HistogramData, MetricPoint } from "../../model.ts";
import { Histogram } from "../histogram.ts";
import { attributesOf, isObject, itemsOf, listOf, type OtlpGroup, sourceOf } from "./decode.ts";
import { internal } from "./conventions.ts";
import type { Tally } from "../tally.ts";
import { RunningTotals, type Total } from "./running-totals.ts";
import { bucketShift, incoming } from "./units.ts";
import { delta, millis, ownScope } from "./wire.ts";

/** Explicit buckets become exponential ones of this scale, at their middle. */
const explicitScale = 3;
/** Of exponential histograms; OpenTelemetry's SDKs have at most 160 buckets, and scales of -10 to 20. */
const maxBuckets = 4096;
const maxScale = 20;
/** Adding up two histograms makes the coarser scale of both: one without buckets has none to say. */
const noScale = 20;

/** Metrics of other processes, as changes since the last report. */
export class OtlpMetrics {
  readonly #totals: RunningTotals;
  readonly #tally: Tally;

  /** Series that began at `sinceMs` or later are known from their beginning. */
  constructor(sinceMs: number, tally: Tally) {
    this.#tally = tally;
    this.#totals = new RunningTotals(sinceMs);
  }

  /** What does not fit is in the items as undefined, to be refused and counted. */
  pointsOf(resources: readonly Record<string, unknown>[]): OtlpGroup[] {
    return resources.map((resource) => {
      const source = sourceOf(resource.resource);
      const key = `${source.service}\0${source.instance}`;
      const items = listOf(resource.scopeMetrics).flatMap((scope) => {
        const isOurs = isObject(scope) && isObject(scope.scope) && scope.scope.name === ownScope;
        return itemsOf([scope], "metrics").flatMap((metric) => this.#pointsOf(metric, key, isOurs));
      });
      return { source, items };
    });
  }

  #pointsOf(metric: unknown, source: string, isOurs: boolean): (MetricPoint | undefined)[] {
    if (!isObject(metric) || typeof metric.name !== "string") return [undefined];
    const theirName: string = metric.name;
    const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
    const { unit, factor } = incoming(typeof metric.unit === "string" ? metric.unit : "");
    const each = (
      body: unknown,
      make: (point: Point, change: Change) => Partial<MetricPoint> | undefined,
    ) => {
      if (!isObject(body)) return [undefined];
      const isDelta = body.aggregationTemporality === delta;
      return listOf(body.dataPoints).map((value) => {
        if (!isObject(value)) return undefined;
        const theirLabels = labelsOf(value.attributes);
        if (theirLabels === undefined) return undefined;
        const { name, labels } = internal(theirName, theirLabels, isOurs);
        const key = `${source}\0${name}\0${JSON.stringify(labels, Object.keys(labels).sort())}`;
        const beganMs = millis(value.startTimeUnixNano);
        const made = make(value, (total) =>
          isDelta ? total.values : this.#totals.change(key, total, beganMs),
        );
        return made === undefined ? undefined : ({ name, unit, labels, ...made } as MetricPoint);
      });
    };
    const level = (point: Point) => ({ kind: "gauge", value: amountOf(point) * factor }) as const;
    if (gauge !== undefined) return each(gauge, level);
    if (sum !== undefined) {
      const isMonotonic = isObject(sum) && sum.isMonotonic === true;
      return each(sum, (point, change) =>
        isMonotonic
          ? {
              kind: "counter",
              value: (change(totalOf({ value: amountOf(point) })).get("value") ?? 0) * factor,
            }
          : level(point),
      );
    }
    if (histogram !== undefined)
      return each(histogram, (point, change) => explicitPoint(point, change, factor));
    if (exponentialHistogram !== undefined) {
      return each(exponentialHistogram, (point, change) => exponentialPoint(point, change, factor));
    }
    if (isObject(summary)) {
      // Percentiles that somebody else made of some time of their own cannot be added up.
      this.#tally.count("unsupported", listOf(summary.dataPoints).length);
      return [];
    }
    return [undefined];
  }
}

type Point = Readonly<Record<string, unknown>>;
/** From a total to what came since the last one. */
type Change = (total: Total) => Total["values"];

function explicitPoint(point: Point, change: Change, factor: number): Partial<MetricPoint> | undefined {
  const bounds = listOf(point.explicitBounds).map((bound) => Number(bound) * factor);
  const counts = listOf(point.bucketCounts).map(Number);
  if (bounds.length === 0 && counts.length <= 1) return undividedPoint(point, counts[0], change, factor);
  if (counts.length !== bounds.length + 1 || counts.some((count) => !isCount(count))) return undefined;
  const fresh = change(totalOf({ sum: numberOf(point.sum) }, 0, counts));
  const buckets = new Map<number, number>();
  let zeros = 0;
  for (const place of counts.keys()) {
    const count = fresh.get(place) ?? 0;
    if (count === 0) continue;
    const low = place === 0 ? 0 : bounds[place - 1]!;
    const high = place < bounds.length ? bounds[place]! : low * 2;
    const middle = low > 0 ? Math.sqrt(low * high) : high / 2;
    if (!(middle > 0)) zeros += count;
    else {
      const index = Math.ceil(Math.log2(middle) * 2 ** explicitScale) - 1;
      buckets.set(index, (buckets.get(index) ?? 0) + count);
    }
  }
  return histogramOf(explicitScale, (fresh.get("sum") ?? 0) * factor, zeros, buckets);
}

/** Count and sum only, which OTLP allows; a single bucket for all values says no more. */
function undividedPoint(
  point: Point,
  only: number | undefined,
  change: Change,
  factor: number,
): Partial<MetricPoint> | undefined {
  const total = only ?? numberOf(point.count);
  if (!isCount(total)) return undefined;
  const fresh = change(totalOf({ sum: numberOf(point.sum), count: total }));
  const count = fresh.get("count") ?? 0;
  const sum = (fresh.get("sum") ?? 0) * factor;
  // All that is known of the values: one is at most their mean, and one at least.
  const mean = count === 0 ? 0 : sum / count;
  if (!Number.isFinite(mean)) return undefined;
  const known = { scale: noScale, count, sum, min: mean, max: mean, zeros: 0, buckets: [] };
  return { kind: "histogram", histogram: known };
}

function exponentialPoint(point: Point, change: Change, factor: number): Partial<MetricPoint> | undefined {
  const positive = isObject(point.positive) ? point.positive : {};
  const counts = listOf(positive.bucketCounts).map(Number);
  const offset = numberOf(positive.offset);
  const scale = numberOf(point.scale);
  if (counts.length > maxBuckets || counts.some((count) => !isCount(count))) return undefined;
  if (!Number.isInteger(scale) || Math.abs(scale) > maxScale || !Number.isInteger(offset)) return undefined;
  const named = { sum: numberOf(point.sum), zeros: numberOf(point.zeroCount) };
  const fresh = change(totalOf(named, scale, counts, offset));
  const shift = bucketShift(factor, scale);
  const buckets = new Map<number, number>();
  for (const [place, count] of fresh) if (typeof place === "number") buckets.set(place + shift, count);
  return histogramOf(scale, (fresh.get("sum") ?? 0) * factor, fresh.get("zeros") ?? 0, buckets);
}

/** Buckets that are empty take no room. */
function totalOf(
  named: Readonly<Record<string, number>>,
  scale = 0,
  counts: readonly number[] = [],
  offset = 0,
): Total {
  const values = new Map<number | string, number>(Object.entries(named));
  for (const [place, count] of counts.entries()) if (count > 0) values.set(offset + place, count);
  return { scale, values };
}

function histogramOf(
  scale: number,
  sum: number,
  zeros: number,
  buckets: ReadonlyMap<number, number>,
): Partial<MetricPoint> | undefined {
  const filled = [...buckets].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const count = filled.reduce((total, [, amount]) => total + amount, zeros);
  const bound = (index: number) => 2 ** (index * 2 ** -scale);
  const data: HistogramData = {
    scale,
    count,
    sum,
    zeros,
    min: zeros > 0 || filled.length === 0 ? 0 : bound(filled[0]![0]),
    max: filled.length === 0 ? 0 : bound(filled[filled.length - 1]![0] + 1),
    buckets: filled,
  };
  if (![scale, sum, data.min, data.max].every(Number.isFinite)) return undefined;
  return { kind: "histogram", histogram: new Histogram().add(data).toData() };
}

/** Undefined when one of them cannot be read: without it the point would be counted into another series. */
function labelsOf(attributes: unknown): Record<string, string> | undefined {
  const entries = Object.entries(attributesOf(attributes));
  if (entries.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

function amountOf(point: Point): number {
  return numberOf(point.asDouble ?? point.asInt);
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : typeof value === "string" && value !== "" ? Number(value) : 0;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
