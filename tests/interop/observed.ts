import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ObserverStats, StoredLog, TraceDetail, TraceSummary } from "../../runtime/telemetry/query.ts";
import { eventually, Run, type RunOptions } from "../kit/run.ts";

/** A run and what its observer knows. */
export class Observed {
  readonly run: Run;
  readonly token: string;

  private constructor(run: Run) {
    this.run = run;
    this.token = JSON.parse(readFileSync(join(run.data, "run", "control.json"), "utf8")).token as string;
  }

  static async start(options: RunOptions = {}): Promise<Observed> {
    return new Observed(await Run.start(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run.stop();
  }

  /** For OpenTelemetry's SDKs. */
  get exporterEnv(): Record<string, string> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.run.control,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${this.token}`,
    };
  }

  async text(path: string): Promise<string> {
    const answer = await fetch(this.run.control + path, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.text();
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(`/api/telemetry${path}`)) as T;
  }

  /** The trace, once `isWhole`. */
  trace(id: string, isWhole: (detail: TraceDetail) => boolean): Promise<TraceDetail> {
    return eventually(`trace ${id}`, async () => {
      const detail = await this.json<TraceDetail>(`/traces/${id}`);
      if (!isWhole(detail))
        throw new Error(JSON.stringify(detail.spans.map(({ service, name }) => [service, name])));
      return detail;
    });
  }

  /** All traces, once none is under way any more. */
  async settled(): Promise<readonly TraceDetail[]> {
    await eventually(
      "all traces written",
      async () => (await this.json<ObserverStats>("/stats")).openSpans === 0,
    );
    const summaries = await this.json<TraceSummary[]>("/traces?limit=1000");
    return await Promise.all(summaries.map(({ traceId }) => this.json<TraceDetail>(`/traces/${traceId}`)));
  }

  logs(): Promise<StoredLog[]> {
    return this.json("/logs?limit=1000");
  }
}

export function expectThat(holds: boolean, otherwise: () => string): asserts holds {
  if (!holds) throw new Error(otherwise());
}
