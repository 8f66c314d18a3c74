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

/** Instances with gauges; a run of ours has some hundreds, a foreign process may report a new one each second. */
const defaultMaxInstances = 2000;

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

interface Bounds {
  readonly maxPoints?: number;
  readonly maxInstances?: number;
}

/** The gauges of an instance, as last reported. Foreign services of one host may share an instance id. */
interface LiveGauges {
  at: number;
  readonly service: string;
  readonly instance: string;
  readonly values: Partial<Record<"pending" | "cpu" | "rssBytes" | "loopDelayMs", number>>;
}

/**
 * The points of the last minute that the graph is made of: bounded by time, in points and in instances with gauges.
 * As they come, a point is some sixty objects; packed, and with the labels of its series, it is two.
 */
export class LiveWindow {
  /** Oldest first. */
  #points: LivePoint[] = [];
  #start = 0;
  readonly #series = new Map<string, LiveSeries>();
  /** By service and instance. */
  readonly #gauges = new Map<string, LiveGauges>();
  readonly #maxPoints: number;
  readonly #maxInstances: number;

  constructor({ maxPoints = 200_000, maxInstances = defaultMaxInstances }: Bounds = {}) {
    this.#maxPoints = maxPoints;
    this.#maxInstances = maxInstances;
  }

  /** Series that have points in the window. */
  get series(): number {
    return this.#series.size;
  }

  /** False when the point is of one instance too many. */
  add(point: MetricPoint, at: number): boolean {
    const gauge = gauges.get(point.name);
    if (gauge !== undefined && point.value !== undefined) {
      const { service = "", instance = "" } = point.labels;
      const key = instanceKey(service, instance);
      let known = this.#gauges.get(key);
      if (known === undefined) {
        if (this.#gauges.size >= this.#maxInstances) return false;
        known = { at, service, instance, values: {} };
        this.#gauges.set(key, known);
      }
      known.at = at;
      known.values[gauge] = point.value;
    } else if (durations.has(point.name) && point.histogram !== undefined) {
      const { count, sum, max } = point.histogram;
      // What comes from elsewhere may have its buckets in any order.
      const packed = packHistogram(new Histogram().add(point.histogram).toData());
      this.#points.push({ at, series: this.#seriesOf(point), packed, count, sum, max });
    }
    return true;
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
    for (const [key, { at }] of this.#gauges) if (at < now - gaugeMs) this.#gauges.delete(key);
  }

  graph(now: number, windowMs = defaultWindowMs): LiveGraph {
    const spanMs = Math.min(Math.max(windowMs, 1000), maxWindowMs);
    const services = new Map<string, { sum: Sum; instances: Map<string, Sum> }>();
    const serviceOf = (service: string) =>
      upsert(services, service, () => ({ sum: new Sum(), instances: new Map() }));
    const edges = new Map<string, { edge: Pick<LiveEdge, "from" | "to" | "kind" | "topic">; sum: Sum }>();
    let instanceCount = 0;
    for (let place = this.#points.length - 1; place >= this.#start; place--) {
      const point = this.#points[place]!;
      if (point.at <= now - spanMs) break;
      const { labels } = point.series;
      const { service = "", instance = "" } = labels;
      if (isWork(point.series, service)) {
        const { sum, instances } = serviceOf(service);
        sum.add(point);
        // As many as have gauges: of what is one too many, its service knows all the same.
        if (instances.has(instance) || instanceCount++ < this.#maxInstances) {
          upsert(instances, instance, () => new Sum()).add(point);
        }
      }
      const edge = edgeOf(point.series, service);
      if (edge === undefined) continue;
      upsert(edges, JSON.stringify(edge), () => ({ edge, sum: new Sum() })).sum.add(point);
    }
    for (const { service, instance } of this.#gauges.values()) {
      upsert(serviceOf(service).instances, instance, () => new Sum());
    }
    const nodes = [...services].map(
      ([service, { sum, instances }]): LiveNode => ({
        service,
        role: roleOf(service),
        ...sum.stats(spanMs),
        instances: [...instances]
          .map(([id, own]) => this.#instance(service, id, own.stats(spanMs)))
          .sort((a, b) => byName.compare(a.id, b.id)),
      }),
    );
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

  #instance(service: string, id: string, stats: LiveStats): LiveInstance {
    const values = this.#gauges.get(instanceKey(service, id))?.values ?? {};
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

/** What a service has to do. The events that empty a gateway's caches are none of its requests: edges tell of them. */
function isWork({ name }: LiveSeries, service: string): boolean {
  return name === metric.serverDuration || (name === metric.processDuration && service !== "gateway");
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
      p50Ms: this.#histogram.quantile(0.5) ?? null,
      p99Ms: this.#histogram.quantile(0.99) ?? null,
    };
  }
}

/** `outcome` decides; where a foreign process leaves it out, its HTTP status. */
export function isError(labels: Readonly<Record<string, string>>): boolean {
  if (labels.outcome !== undefined) return labels.outcome === "error";
  return Number(labels.status ?? labels["http.response.status_code"] ?? 0) >= 500;
}

/** `localeCompare` makes one of these each time: of thousands of instances that is most of the graph. */
const byName = new Intl.Collator("en", { numeric: true });

function instanceKey(service: string, instance: string): string {
  return `${service}\0${instance}`;
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
