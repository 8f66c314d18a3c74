import type { ControlClient } from "../../runtime/control/client.ts";
import type { InstanceInfo } from "../../runtime/control/api.ts";
import { metric } from "../../runtime/telemetry/names.ts";
import type { Series } from "../../runtime/telemetry/query.ts";
import { bucketMs, type ReportWindow, reportWindow } from "./report-window.ts";

/** Asked again this long after, until two answers are the same and tell of something. */
const askAgainMs = 500;
/** After this long what is there is taken as it is. */
const patienceMs = 15_000;

export interface EdgeFigures {
  readonly from: string;
  readonly to: string;
  /** `publish` goes to the broker, `delivery` comes from it. */
  readonly kind: "call" | "publish" | "delivery";
  readonly topic?: string;
  readonly perSecond: number;
  readonly errorsPerSecond: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ServiceFigures {
  readonly service: string;
  readonly role: InstanceInfo["role"];
  readonly instances: number;
  /** Requests and events that it handled, a second. */
  readonly perSecond: number;
  readonly meanMs: number;
  /** Time in its SQL statements, milliseconds a second. */
  readonly sqlMsPerSecond: number;
  /** Of one core: its instances together, and the busiest. In monolith mode the whole process. */
  readonly cpu: number;
  readonly busiest: { readonly instance: string; readonly cpu: number };
  /** The longest that the event loop of one of its instances was late. */
  readonly loopDelayMs: number;
}

/** What a run's telemetry says of a stretch of time. */
export interface RunFigures {
  readonly name: string;
  readonly mode: "processes" | "monolith";
  readonly fromMs: number;
  readonly toMs: number;
  readonly services: readonly ServiceFigures[];
  readonly edges: readonly EdgeFigures[];
}

export interface RunWindow {
  readonly name: string;
  readonly mode: "processes" | "monolith";
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Asks a run's observer until what belongs to the window has come in: on a busy machine workers report late, and the
 * observer takes in late. Rejects with `not-found` where telemetry is off.
 */
export async function readFigures(control: ControlClient, window: RunWindow): Promise<RunFigures> {
  const reports = reportWindow(window.fromMs, window.toMs);
  await Bun.sleep(Math.max(0, reports.readAt - Date.now()));
  const reader = new Reader(control, reports);
  const giveUpAt = Date.now() + patienceMs;
  for (let before = await reader.read(); ; ) {
    await Bun.sleep(askAgainMs);
    const figures = await reader.read();
    const isThere = figures.services.some(({ perSecond }) => perSecond > 0);
    if ((isThere && Bun.deepEquals(before, figures)) || Date.now() >= giveUpAt)
      return { ...window, ...figures };
    before = figures;
  }
}

const byRate = (a: EdgeFigures, b: EdgeFigures) => b.perSecond - a.perSecond;

const gauges: readonly string[] = [metric.cpu, metric.loopDelay];

/** One value each for the whole window. */
class Reader {
  readonly #control: ControlClient;
  readonly #reports: ReportWindow;

  constructor(control: ControlClient, reports: ReportWindow) {
    this.#control = control;
    this.#reports = reports;
  }

  async read(): Promise<Pick<RunFigures, "services" | "edges">> {
    const [services, ...edges] = await Promise.all([
      this.#control.get<InstanceInfo[]>("/api/instances").then((instances) => this.services(instances)),
      this.edges(metric.clientDuration, "to", "call"),
      this.edges(metric.publishDuration, "topic", "publish"),
      this.edges(metric.processDuration, "topic", "delivery"),
    ]);
    return { services, edges: edges.flat().sort(byRate) };
  }

  async edges(name: string, label: "to" | "topic", kind: EdgeFigures["kind"]): Promise<EdgeFigures[]> {
    const by = `service,${label}`;
    const [rates, errors, means, medians, tails] = await Promise.all([
      this.#values(name, by, "rate"),
      this.#values(name, by, "rate", ["outcome=error"]),
      this.#values(name, by, "mean"),
      this.#values(name, by, "p50"),
      this.#values(name, by, "p99"),
    ]);
    return [...rates].map(([key, perSecond]) => {
      const [service, other] = JSON.parse(key) as [string, string];
      const ends = {
        call: { from: service, to: other },
        publish: { from: service, to: "broker", topic: other },
        delivery: { from: "broker", to: service, topic: other },
      }[kind];
      return {
        ...ends,
        kind,
        perSecond,
        errorsPerSecond: errors.get(key) ?? 0,
        meanMs: means.get(key) ?? 0,
        p50Ms: medians.get(key) ?? 0,
        p99Ms: tails.get(key) ?? 0,
      };
    });
  }

  async services(instances: readonly InstanceInfo[]): Promise<ServiceFigures[]> {
    const each = "service,instance";
    const [requests, requestMeans, events, eventMeans, sql, sqlMeans, cpu, delays] = await Promise.all([
      this.#values(metric.serverDuration, "service", "rate"),
      this.#values(metric.serverDuration, "service", "mean"),
      this.#values(metric.processDuration, "service", "rate"),
      this.#values(metric.processDuration, "service", "mean"),
      this.#values(metric.databaseDuration, "service", "rate"),
      this.#values(metric.databaseDuration, "service", "mean"),
      this.#values(metric.cpu, each, this.#reports.gauge),
      this.#values(metric.loopDelay, each, "max"),
    ]);
    const found = Map.groupBy(instances, ({ service }) => service);
    return [...found].map(([service, own]) => {
      const key = JSON.stringify([service]);
      // The events that empty a gateway's caches are none of its requests.
      const eventsPerSecond = service === "gateway" ? 0 : (events.get(key) ?? 0);
      const perSecond = (requests.get(key) ?? 0) + eventsPerSecond;
      const busyMs =
        (requests.get(key) ?? 0) * (requestMeans.get(key) ?? 0) +
        eventsPerSecond * (eventMeans.get(key) ?? 0);
      const shares = own.map(({ id }) => ({
        instance: id,
        cpu: cpu.get(JSON.stringify([service, id])) ?? 0,
      }));
      return {
        service,
        role: own[0]!.role,
        instances: own.length,
        perSecond,
        meanMs: perSecond === 0 ? 0 : busyMs / perSecond,
        sqlMsPerSecond: (sql.get(key) ?? 0) * (sqlMeans.get(key) ?? 0),
        cpu: shares.reduce((sum, share) => sum + share.cpu, 0),
        busiest: shares.reduce((most, share) => (share.cpu > most.cpu ? share : most)),
        loopDelayMs: Math.max(0, ...own.map(({ id }) => delays.get(JSON.stringify([service, id])) ?? 0)),
      };
    });
  }

  /** By the values of the labels in `by`, as JSON. */
  async #values(
    name: string,
    by: string,
    stat: string,
    where: readonly string[] = [],
  ): Promise<Map<string, number>> {
    const { to, gaugeFrom } = this.#reports;
    const from = gauges.includes(name) ? gaugeFrom : this.#reports.from;
    const range = { from, to, stepMs: to - from, resolutionMs: bucketMs };
    const query = new URLSearchParams({ metric: name, by, stat });
    for (const [key, value] of Object.entries(range)) query.set(key, String(value));
    for (const condition of where) query.append("where", condition);
    const series = await this.#control.get<Series[]>(`/api/telemetry/series?${query}`);
    const labels = by.split(",");
    const factor = stat === "rate" ? this.#reports.rateFactor : 1;
    return new Map(
      series
        .filter(({ values }) => typeof values[0] === "number")
        .map(({ labels: own, values }) => [
          JSON.stringify(labels.map((label) => own[label])),
          (values[0] as number) * factor,
        ]),
    );
  }
}
