import { metric } from "../../../runtime/telemetry/names.ts";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { Chart } from "../../charts/chart.tsx";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { useSeries } from "../../charts/use-series.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorLine } from "../../components/states.tsx";
import { fixTimeRange } from "../../components/time-range.tsx";
import { formatMs, formatRate } from "../format.ts";
import type { Seen } from "./effect.ts";

const gateway = { metric: metric.serverDuration, where: ["service=gateway"] };

export interface GatewaySeen extends Seen {
  readonly p50: readonly (number | null)[];
}

/** What users notice: the gateway's rate, errors and latency. */
export function useGateway(range: SeriesRange): {
  readonly seen: GatewaySeen | undefined;
  readonly problem: string | undefined;
} {
  const { answer, error } = useSeries(
    [
      { ...gateway, stat: "rate" },
      { ...gateway, where: [...gateway.where, "outcome=error"], stat: "rate" },
      { ...gateway, stat: "p50" },
      { ...gateway, stat: "p99" },
    ],
    range,
  );
  const problem = error instanceof Error ? error.message : undefined;
  if (answer === undefined) return { seen: undefined, problem };
  const { from, to, stepMs } = answer;
  const length = Math.round((to - from) / stepMs);
  const valuesOf = (place: number) => answer.series[place]?.[0]?.values ?? [];
  // Where a rate is unknown, nothing happened; where a latency is unknown, it is unknown.
  const filled = (place: number) => Array.from({ length }, (_, step) => valuesOf(place)[step] ?? 0);
  return {
    seen: { from, stepMs, rate: filled(0), errors: filled(1), p50: valuesOf(2), p99: valuesOf(3) },
    problem,
  };
}

export interface GatewayChartsProps {
  readonly seen: GatewaySeen | undefined;
  readonly problem: string | undefined;
  readonly marks: readonly TimelineEntry[];
}

const title = "The gateway, as its clients see it";

export function GatewayCharts({ seen, problem, marks }: GatewayChartsProps) {
  if (seen === undefined) {
    return (
      <Panel title={title}>
        <ErrorLine message={problem} />
        <div class="chart-wait" />
      </Panel>
    );
  }
  const common = {
    from: seen.from,
    stepMs: seen.stepMs,
    height: 132,
    marks,
    sync: "timeline",
    onRange: fixTimeRange,
  };
  return (
    <Panel title={title}>
      <ErrorLine message={problem} />
      <div class="timeline-charts">
        <Chart
          {...common}
          label="Rate and errors of the gateway"
          lines={[
            { label: "requests", values: seen.rate, area: true },
            { label: "errors", values: seen.errors, colour: "--bad", area: true },
          ]}
          format={formatRate}
        />
        <Chart
          {...common}
          label="Latency of the gateway"
          lines={[
            { label: "p50", values: seen.p50 },
            { label: "p99", values: seen.p99 },
          ]}
          format={formatMs}
        />
      </div>
    </Panel>
  );
}
