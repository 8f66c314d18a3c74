import type { Clock } from "../../../clock.ts";
import type { TelemetryExportConfig } from "../../../topology/model.ts";
import type { LogRecord, SpanRecord } from "../../model.ts";
import { otlpLogs, otlpMetrics, otlpRefused, otlpTraces } from "../otlp/encode.ts";
import type { Tally } from "../tally.ts";
import type { Total } from "../totals.ts";
import { appendBounded, post } from "./deliver.ts";
import { bulkBody, bulkRefused, ecsLines } from "./ecs.ts";
import { Outlet } from "./outlet.ts";
import { zipkinSpans } from "./zipkin.ts";

export interface ExportsOptions {
  readonly config: TelemetryExportConfig;
  readonly totals: () => readonly Total[];
  readonly tally: Tally;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

const metricsIntervalMs = 10_000;
const json = { "content-type": "application/json" };

/** Everything that leaves for elsewhere, as `telemetry.export` of the topology has it. */
export class Exports {
  readonly #options: ExportsOptions;
  readonly #spans: Outlet<SpanRecord>[] = [];
  readonly #logs: Outlet<LogRecord>[] = [];
  readonly #metrics: Outlet<string>[] = [];
  #cancelTimer: (() => void) | undefined;

  constructor(options: ExportsOptions) {
    this.#options = options;
    const { otlp, zipkin, ecs, elasticsearch } = options.config;
    const base = { tally: options.tally, clock: options.clock, warn: options.warn };
    if (otlp !== undefined) {
      const headers = { ...json, ...otlp.headers };
      const at = (signal: string) => `${otlp.url.replace(/\/+$/, "")}/v1/${signal}`;
      const send = (signal: string, document: unknown, ending: AbortSignal) =>
        post(at(signal), JSON.stringify(document), headers, ending, otlpRefused);
      this.#spans.push(
        new Outlet({
          ...base,
          name: "OTLP traces",
          deliver: (spans, end) => send("traces", otlpTraces(spans), end),
        }),
      );
      this.#logs.push(
        new Outlet({ ...base, name: "OTLP logs", deliver: (logs, end) => send("logs", otlpLogs(logs), end) }),
      );
      this.#metrics.push(
        new Outlet({
          ...base,
          name: "OTLP metrics",
          // Totals: of those that could not be sent, the last says it all.
          maxWaiting: 1,
          deliver: ([document = "{}"], end) => post(at("metrics"), document, headers, end, otlpRefused),
        }),
      );
    }
    if (zipkin !== undefined) {
      const url = `${zipkin.url.replace(/\/+$/, "")}/api/v2/spans`;
      const deliver = (spans: readonly SpanRecord[], end: AbortSignal) =>
        post(url, JSON.stringify(zipkinSpans(spans)), json, end);
      this.#spans.push(new Outlet({ ...base, name: "Zipkin", deliver }));
    }
    if (ecs !== undefined) {
      const deliver = (logs: readonly LogRecord[]) => appendBounded(ecs.file, ecsLines(logs));
      this.#logs.push(new Outlet({ ...base, name: `ECS log file ${ecs.file}`, deliver }));
    }
    if (elasticsearch !== undefined) {
      const { index } = elasticsearch;
      const url = `${elasticsearch.url.replace(/\/+$/, "")}/_bulk`;
      const headers = { "content-type": "application/x-ndjson", ...elasticsearch.headers };
      const deliver = (logs: readonly LogRecord[], end: AbortSignal) =>
        post(url, bulkBody(logs, index), headers, end, bulkRefused);
      this.#logs.push(new Outlet({ ...base, name: "Elasticsearch", deliver }));
    }
  }

  start(): void {
    if (this.#metrics.length === 0) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(metricsIntervalMs, () => {
      this.#pushMetrics();
      this.start();
    });
  }

  spans(spans: readonly SpanRecord[]): void {
    for (const outlet of this.#spans) outlet.push(spans);
  }

  logs(logs: readonly LogRecord[]): void {
    for (const outlet of this.#logs) outlet.push(logs);
  }

  /** Sends what waits, within a second and a half. Idempotent. */
  async stop(): Promise<void> {
    if (this.#cancelTimer !== undefined) this.#pushMetrics();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await Promise.all([...this.#spans, ...this.#logs, ...this.#metrics].map((outlet) => outlet.stop()));
  }

  #pushMetrics(): void {
    const { totals, clock } = this.#options;
    const document = JSON.stringify(otlpMetrics(totals(), clock.now()));
    for (const outlet of this.#metrics) outlet.push([document]);
  }
}
