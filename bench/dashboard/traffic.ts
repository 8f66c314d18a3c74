import { metric } from "../../runtime/telemetry/names.ts";
import { doors, fleet, topics } from "./fleet.ts";

/** What a second of traffic looks like from inside: one series of durations, how many, how long. */
interface Flow {
  readonly service: string;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly perSecond: number;
  readonly typicalMs: number;
}

const everyMs = 1000;
/** Of the calls a service gets, the share for which it calls each of those it uses. */
const onward = 0.45;
const eventsPerSecond = 150;
/** One service has trouble, so that errors are in the picture. */
const troubled = "payments";
const failing = 0.03;

/** `requestsPerSecond` at the gateway, spread unevenly over its routes, and all the calls and events they cause. */
export function flowsOf(requestsPerSecond: number): Flow[] {
  const flows: Flow[] = [];
  const arriving = new Map<string, number>();
  const call = (from: string, to: string, perSecond: number) => {
    arriving.set(to, (arriving.get(to) ?? 0) + perSecond);
    const failed = to === troubled ? perSecond * failing : 0;
    const labels = { to, outcome: "ok" };
    flows.push({
      service: from,
      metric: metric.clientDuration,
      labels,
      perSecond: perSecond - failed,
      typicalMs: 3,
    });
    if (failed > 0) {
      const bad = { ...labels, outcome: "error" };
      flows.push({
        service: from,
        metric: metric.clientDuration,
        labels: bad,
        perSecond: failed,
        typicalMs: 40,
      });
    }
  };
  const weights = doors.map((_, i) => 1 / (i + 1));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, door] of doors.entries()) call("gateway", door, (requestsPerSecond * weights[i]!) / whole);
  arriving.set("gateway", requestsPerSecond);
  // In the order of the layers: what arrives at a service is known before it calls on.
  for (const { name, uses } of fleet) {
    for (const to of uses) call(name, to, (arriving.get(name) ?? 0) * onward);
  }
  for (const [service, perSecond] of arriving) {
    const labels = { route: "GET /", status: "200", outcome: "ok" };
    flows.push({ service, metric: metric.serverDuration, labels, perSecond, typicalMs: 2 });
  }
  for (const topic of topics) flows.push(...eventsOf(topic));
  return flows;
}

function eventsOf(topic: string): Flow[] {
  const perSecond = eventsPerSecond;
  return fleet.flatMap(({ name, publishes, subscribes }) => [
    ...(publishes.includes(topic)
      ? [
          {
            service: name,
            metric: metric.publishDuration,
            labels: { topic, outcome: "ok" },
            perSecond,
            typicalMs: 4,
          },
        ]
      : []),
    ...(subscribes.includes(topic)
      ? [
          {
            service: name,
            metric: metric.processDuration,
            labels: { topic, subscription: name, outcome: "ok" },
            perSecond,
            typicalMs: 6,
          },
        ]
      : []),
  ]);
}

/**
 * Tells the observer, by the documented door for other processes (OTLP/HTTP), once a second what the workers would tell it
 * under `requestsPerSecond`: histograms of durations of every service and edge. Everything behind that door is real.
 */
export class Traffic {
  readonly #url: string;
  readonly #token: string;
  readonly #flows: readonly Flow[];
  #timer: ReturnType<typeof setInterval> | undefined;
  #fault: Error | undefined;

  constructor(control: string, token: string, requestsPerSecond: number) {
    this.#url = `${control}/v1/metrics`;
    this.#token = token;
    this.#flows = flowsOf(requestsPerSecond);
  }

  start(): void {
    this.#timer = setInterval(() => void this.#tell(), everyMs);
  }

  /** Throws what went wrong meanwhile. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #tell(): Promise<void> {
    try {
      const answer = await fetch(this.#url, {
        method: "POST",
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        body: JSON.stringify(documentOf(this.#flows)),
      });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    } catch (cause) {
      this.#fault = new Error("the observer did not take the traffic", { cause });
    }
  }
}

const attribute = ([key, value]: [string, string]) => ({ key, value: { stringValue: value } });

function documentOf(flows: readonly Flow[]) {
  const time = `${Date.now()}000000`;
  const byService = Map.groupBy(flows, ({ service }) => service);
  return {
    resourceMetrics: [...byService].map(([service, own]) => ({
      resource: {
        attributes: [
          attribute(["service.name", service]),
          attribute(["service.instance.id", `${service}-1`]),
        ],
      },
      scopeMetrics: [{ metrics: own.map((flow) => metricOf(flow, time)) }],
    })),
  };
}

function metricOf({ metric: name, labels, perSecond, typicalMs }: Flow, time: string) {
  // A little up and down, as real traffic has it: every number in the page changes every second.
  const count = Math.max(1, Math.round(perSecond * (0.9 + Math.random() * 0.2)));
  const { offset, bucketCounts, sum } = spreadOf(count, typicalMs);
  return {
    name,
    unit: "ms",
    exponentialHistogram: {
      aggregationTemporality: 1,
      dataPoints: [
        {
          attributes: Object.entries(labels).map(attribute),
          timeUnixNano: time,
          count: String(bucketCounts.reduce((all, one) => all + one, 0)),
          sum,
          scale: 1,
          zeroCount: "0",
          positive: { offset, bucketCounts: bucketCounts.map(String) },
        },
      ],
    },
  };
}

/** Half within the first bucket, half of the rest in the next, …: a long tail, as latencies have. */
function spreadOf(count: number, typicalMs: number) {
  const offset = Math.round(Math.log2(typicalMs) * 2);
  const bucketCounts: number[] = [];
  let left = count;
  let sum = 0;
  for (let bucket = 0; bucket < 10 && left > 0; bucket++) {
    const here = bucket === 9 ? left : Math.ceil(left / 2);
    bucketCounts.push(here);
    sum += here * 2 ** ((offset + bucket + 0.5) / 2);
    left -= here;
  }
  return { offset, bucketCounts, sum };
}
