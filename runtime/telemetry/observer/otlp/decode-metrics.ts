import type { HistogramData, MetricPoint } from "../../model.ts";
import { Histogram } from "../histogram.ts";
import { attributesOf, isObject, itemsOf, listOf, type OtlpGroup, sourceOf } from "./decode.ts";
import { delta } from "./wire.ts";

/** Series of other processes whose last value is remembered, to make changes of running totals. */
const maxRemembered = 10_000;
/** Explicit buckets become exponential ones of this scale, at their middle. */
const explicitScale = 3;

/** Metrics of other processes, as changes since the last report. Remembers the totals of those that send such. */
export class OtlpMetrics {
  /** In the order last heard of. */
  readonly #totals = new Map<string, readonly number[]>();

  /** What does not fit is in the items as undefined, to be refused and counted. */
  pointsOf(resources: readonly Record<string, unknown>[]): OtlpGroup[] {
    return resources.map((resource) => {
      const source = sourceOf(resource.resource);
      const key = `${source.service}\0${source.instance}`;
      const items = itemsOf(resource.scopeMetrics, "metrics").flatMap((metric) =>
        this.#pointsOf(metric, key),
      );
      return { source, items };
    });
  }

  #pointsOf(metric: unknown, source: string): (MetricPoint | undefined)[] {
    if (!isObject(metric) || typeof metric.name !== "string") return [undefined];
    const { name, gauge, sum, histogram, exponentialHistogram } = metric;
    const unit = typeof metric.unit === "string" ? metric.unit : "";
    const each = (
      body: unknown,
      make: (point: Point, change: Change) => Partial<MetricPoint> | undefined,
    ) => {
      if (!isObject(body)) return [undefined];
      const isDelta = body.aggregationTemporality === delta;
      return listOf(body.dataPoints).map((value) => {
        if (!isObject(value)) return undefined;
        const labels = labelsOf(value.attributes);
        const key = `${source}\0${name}\0${JSON.stringify(labels, Object.keys(labels).sort())}`;
        const made = make(value, (numbers, shape = "") =>
          isDelta ? numbers : this.#change(key + shape, numbers),
        );
        return made === undefined ? undefined : ({ name, unit, labels, ...made } as MetricPoint);
      });
    };
    if (gauge !== undefined) return each(gauge, (point) => ({ kind: "gauge", value: amountOf(point) }));
    if (sum !== undefined) {
      const isMonotonic = isObject(sum) && sum.isMonotonic === true;
      return each(sum, (point, change) =>
        isMonotonic
          ? { kind: "counter", value: change([amountOf(point)])[0] ?? 0 }
          : { kind: "gauge", value: amountOf(point) },
      );
    }
    if (histogram !== undefined) return each(histogram, explicitPoint);
    if (exponentialHistogram !== undefined) return each(exponentialHistogram, exponentialPoint);
    return [undefined];
  }

  /** From totals to what came since the last time; a total that went back began anew. */
  #change(key: string, totals: readonly number[]): readonly number[] {
    const last = this.#totals.get(key);
    this.#totals.delete(key);
    this.#totals.set(key, totals);
    for (const oldest of this.#totals.keys()) {
      if (this.#totals.size <= maxRemembered) break;
      this.#totals.delete(oldest);
    }
    const isContinued =
      last?.length === totals.length && totals.every((total, place) => total >= last[place]!);
    // Of the first report nobody knows how much is new.
    if (last === undefined) return totals.map(() => 0);
    return isContinued ? totals.map((total, place) => total - last[place]!) : totals;
  }
}

type Point = Readonly<Record<string, unknown>>;
/** Totals of another shape cannot be told from a new beginning, so they are remembered apart: one report is skipped. */
type Change = (totals: readonly number[], shape?: string) => readonly number[];

function explicitPoint(point: Point, change: Change): Partial<MetricPoint> | undefined {
  const bounds = listOf(point.explicitBounds).map(Number);
  const counts = listOf(point.bucketCounts).map(Number);
  if (counts.length !== bounds.length + 1 || counts.some((count) => !isCount(count))) return undefined;
  const [sum = 0, ...fresh] = change([numberOf(point.sum), ...counts]);
  const buckets = new Map<number, number>();
  let zeros = 0;
  for (const [place, count] of fresh.entries()) {
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
  return histogramOf(explicitScale, sum, zeros, buckets);
}

function exponentialPoint(point: Point, change: Change): Partial<MetricPoint> | undefined {
  const positive = isObject(point.positive) ? point.positive : {};
  const counts = listOf(positive.bucketCounts).map(Number);
  const offset = numberOf(positive.offset);
  const scale = numberOf(point.scale);
  if (counts.length > 4096 || counts.some((count) => !isCount(count))) return undefined;
  if (!Number.isInteger(scale) || !Number.isInteger(offset)) return undefined;
  const [sum = 0, zeros = 0, ...fresh] = change(
    [numberOf(point.sum), numberOf(point.zeroCount), ...counts],
    `\0${scale}\0${offset}\0${counts.length}`,
  );
  return histogramOf(scale, sum, zeros, new Map(fresh.map((count, place) => [offset + place, count])));
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
  if (![scale, sum, data.min, data.max].every(Number.isFinite) || Math.abs(scale) > 20) return undefined;
  return { kind: "histogram", histogram: new Histogram().add(data).toData() };
}

function labelsOf(attributes: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributesOf(attributes)).map(([key, value]) => [key, String(value)]),
  );
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
