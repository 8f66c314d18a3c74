import type { MetricPoint } from "../model.ts";
import { metric } from "../names.ts";
import type { LiveEdge, LiveGraph, LiveInstance, LiveNode, LiveStats } from "../query.ts";
import { seriesKey } from "./series-key.ts";
import { Histogram, packHistogram, type PackedColumns } from "./histogram.ts";

const maxWindowMs = 60_000;
const defaultWindowMs = 5000;
/** A worker that rests reports its gauges every minute at the least; after this it is gone. */
export const gaugeMs = 150_000;

const durations: ReadonlySet<string> = new Set([
  metric.serverDuration,
  metric.clientDuration,
  metric.publishDuration,
  metric.processDuration,
]);
const gauges: ReadonlyMap<string, "pending" | "cpu" | "rssBytes" | "loopDelayMs"> = new Map([
  [metric.pending, "pending"],
  [metric.cpu, "cpu"],
  [metric.rss, "rssBytes"],
  [metric.loopDelay, "loopDelayMs"],
] as const);

/** What the graph is made of. */
export const graphMetrics: readonly { readonly name: string; readonly isGauge: boolean }[] = [
  ...[...durations].map((name) => ({ name, isGauge: false })),
  ...[...gauges.keys()].map((name) => ({ name, isGauge: true })),
];

/** What the points of one series have in common. */
interface LiveSeries {
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How many are in the window. */
  points: number;
}

interface LivePoint extends PackedColumns {
  readonly at: number;
  readonly series: LiveSeries;
  readonly packed: Uint8Array;
}

/**
 * The points of the last minute that the graph is made of: bounded by time, and by the observer's number of series.
 * As they come, a point is some sixty objects; packed, and with the labels of its series, it is two.
 */
export class LiveWindow {
  /** Oldest first. */
  #points: LivePoint[] = [];
  #start = 0;
  readonly #series = new Map<string, LiveSeries>();
  /** Instance → its gauges, as last reported. */
  readonly #gauges = new Map<string, { at: number; service: string; values: Record<string, number> }>();
  readonly #maxPoints: number;

  constructor(maxPoints = 200_000) {
    this.#maxPoints = maxPoints;
  }

  /** Series that have points in the window. */
  get series(): number {
    return this.#series.size;
  }

  add(point: MetricPoint, at: number): void {
    const gauge = gauges.get(point.name);
    if (gauge !== undefined && point.value !== undefined) {
      const instance = point.labels.instance ?? "";
      const known = this.#gauges.get(instance);
      const values = { ...known?.values, [gauge]: point.value };
      this.#gauges.set(instance, { at, service: point.labels.service ?? "", values });
    } else if (durations.has(point.name) && point.histogram !== undefined) {
      const { count, sum, max } = point.histogram;
      // What comes from elsewhere may have its buckets in any order.
      const packed = packHistogram(new Histogram().add(point.histogram).toData());
      this.#points.push({ at, series: this.#seriesOf(point), packed, count, sum, max });
    }
  }

  /** Forgets what is older than a minute. */
  trim(now: number): void {
    const points = this.#points;
    const isOver = () => points.length - this.#start > this.#maxPoints;
    while (this.#start < points.length && (points[this.#start]!.at < now - maxWindowMs || isOver())) {
      const { series } = points[this.#start++]!;
      if (--series.points === 0) this.#series.delete(series.key);
    }
    // Amortised: rebuilt once the used-up part is the larger one.
    if (this.#start > points.length / 2) {
      this.#points = points.slice(this.#start);
      this.#start = 0;
    }
    for (const [instance, { at }] of this.#gauges) if (at < now - gaugeMs) this.#gauges.delete(instance);
  }

  graph(now: number, windowMs = defaultWindowMs): LiveGraph {
    const spanMs = Math.min(Math.max(windowMs, 1000), maxWindowMs);
    const instances = new Map<string, { service: string; sum: Sum }>();
    const services = new Map<string, Sum>();
    const edges = new Map<string, { edge: Pick<LiveEdge, "from" | "to" | "kind" | "topic">; sum: Sum }>();
    for (let place = this.#points.length - 1; place >= this.#start; place--) {
      const point = this.#points[place]!;
      if (point.at <= now - spanMs) break;
      const { name, labels } = point.series;
      const { service = "", instance = "" } = labels;
      if (name === metric.serverDuration || name === metric.processDuration) {
        upsert(services, service, () => new Sum()).add(point);
        upsert(instances, instance, () => ({ service, sum: new Sum() })).sum.add(point);
      }
      const edge = edgeOf(point.series, service);
      if (edge === undefined) continue;
      upsert(edges, JSON.stringify(edge), () => ({ edge, sum: new Sum() })).sum.add(point);
    }
    for (const [instance, { service }] of this.#gauges) {
      upsert(services, service, () => new Sum());
      upsert(instances, instance, () => ({ service, sum: new Sum() }));
    }
    const nodes = [...services].map(([service, sum]): LiveNode => {
      const own = [...instances].filter(([, entry]) => entry.service === service);
      return {
        service,
        role: roleOf(service),
        ...sum.stats(spanMs),
        instances: own
          .map(([id, entry]) => this.#instance(id, entry.sum.stats(spanMs)))
          .sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true })),
      };
    });
    return {
      at: now,
      nodes: nodes.sort((a, b) => (a.service < b.service ? -1 : 1)),
      edges: [...edges.values()].map(({ edge, sum }) => ({ ...edge, ...sum.stats(spanMs) })),
    };
  }

  #seriesOf({ name, kind, labels }: MetricPoint): LiveSeries {
    const key = seriesKey(name, kind, labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { key, name, labels, points: 0 };
      this.#series.set(key, series);
    }
    series.points++;
    return series;
  }

  #instance(id: string, stats: LiveStats): LiveInstance {
    const values = this.#gauges.get(id)?.values ?? {};
    return {
      id,
      generation: 0,
      state: "unknown",
      ...stats,
      pending: values.pending ?? 0,
      cpu: values.cpu ?? 0,
      rssBytes: values.rssBytes ?? 0,
      loopDelayMs: values.loopDelayMs ?? 0,
    };
  }
}

/** The broker is in the middle of every event: who publishes is told by publishes, who takes them by deliveries. */
function edgeOf(
  { name, labels }: LiveSeries,
  service: string,
): Pick<LiveEdge, "from" | "to" | "kind" | "topic"> | undefined {
  const { to = "", topic = "" } = labels;
  if (name === metric.clientDuration) return { from: service, to, kind: "call" };
  if (name === metric.publishDuration) return { from: service, to: "broker", kind: "publish", topic };
  if (name === metric.processDuration) return { from: "broker", to: service, kind: "delivery", topic };
  return undefined;
}

class Sum {
  readonly #histogram = new Histogram();
  #errors = 0;

  add(point: LivePoint): void {
    this.#histogram.addPacked(point.packed, point);
    if (isError(point.series.labels)) this.#errors += point.count;
  }

  stats(spanMs: number): LiveStats {
    return {
      ratePerSecond: (this.#histogram.count * 1000) / spanMs,
      errorsPerSecond: (this.#errors * 1000) / spanMs,
      p50Ms: this.#histogram.quantile(0.5) ?? 0,
      p99Ms: this.#histogram.quantile(0.99) ?? 0,
    };
  }
}

/** `outcome` decides; where a foreign process leaves it out, its HTTP status. */
export function isError(labels: Readonly<Record<string, string>>): boolean {
  if (labels.outcome !== undefined) return labels.outcome === "error";
  return Number(labels.status ?? labels["http.response.status_code"] ?? 0) >= 500;
}

function roleOf(service: string): LiveNode["role"] {
  return service === "gateway" || service === "broker" || service === "observer" ? service : "service";
}

function upsert<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
