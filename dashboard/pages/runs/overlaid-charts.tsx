import { useEffect, useState } from "preact/hooks";
import type { ComparedRow } from "../../../runtime/comparison/compare.ts";
import type { Comparison, RunFacts } from "../../../runtime/control/runs/model.ts";
import { metric } from "../../../runtime/telemetry/names.ts";
import type { Series } from "../../../runtime/telemetry/query.ts";
import { get, withQuery } from "../../api.ts";
import { Chart } from "../../charts/chart.tsx";
import { stepFor } from "../../charts/series-grid.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorLine } from "../../components/states.tsx";
import { setQuery } from "../../router.ts";
import { formatMs, formatRate } from "../format.ts";
import { Loading } from "../loading.tsx";
import type { Pair } from "./pair.ts";

/** A run's lines and its marks. */
const runs = {
  a: { label: "A", colour: "--chart-1", place: 0 },
  b: { label: "B", colour: "--chart-2", place: 1 },
} as const;

const stats = [
  { key: "rate", title: "Rate", format: formatRate },
  { key: "errors", title: "Errors", format: formatRate },
  { key: "p50", title: "p50", format: formatMs },
  { key: "p99", title: "p99", format: formatMs },
] as const;

interface OverlaidChartsProps {
  readonly pair: Pair;
  readonly comparison: Comparison;
  /** What is drawn; by default all that the gateway's clients asked for. */
  readonly row: ComparedRow | undefined;
}

type Values = readonly (number | null)[];
/** Of each side, one list a stat. */
interface Drawn {
  readonly stepMs: number;
  readonly a: readonly Values[];
  readonly b: readonly Values[];
}

/** Both runs on one axis that counts from each run's start. Dragging chooses the stretch that is compared. */
export function OverlaidCharts({ pair, comparison, row }: OverlaidChartsProps) {
  const source = row ?? { name: "gateway", metric: metric.serverDuration, where: ["service=gateway"] };
  const [drawn, setDrawn] = useState<Drawn | undefined>();
  const [error, setError] = useState<string | undefined>();
  const spanMs = Math.max(comparison.a.durationMs, comparison.b.durationMs);
  useEffect(() => {
    const gone = new AbortController();
    const stepMs = stepFor(spanMs);
    const side = (run: RunFacts, durationMs: number) => sideOf(run, durationMs, stepMs, source, gone.signal);
    Promise.all([side(pair.a, comparison.a.durationMs), side(pair.b, comparison.b.durationMs)]).then(
      ([a, b]) => {
        if (gone.signal.aborted) return;
        setDrawn({ stepMs, a, b });
        setError(undefined);
      },
      (cause) => {
        if (!gone.signal.aborted) setError(cause instanceof Error ? cause.message : String(cause));
      },
    );
    return () => gone.abort();
  }, [comparison, source.name]);
  const marks = [
    ...comparison.a.timeline.map((entry) => ({ ...entry, run: runs.a })),
    ...comparison.b.timeline.map((entry) => ({ ...entry, run: runs.b })),
  ];
  return (
    <Panel
      title={row === undefined ? "What the gateway's clients see" : source.name}
      actions={
        row !== undefined && (
          <button type="button" class="button small" onClick={() => setQuery({ row: undefined })}>
            Back to the gateway
          </button>
        )
      }
    >
      <ErrorLine message={error} />
      {drawn === undefined && error === undefined && <Loading what="the charts" />}
      <div class="overlaid">
        {(drawn === undefined ? [] : stats).map(({ key, title, format }, place) => (
          <figure key={key}>
            <figcaption>{title}</figcaption>
            <Chart
              label={`${title} of both runs`}
              axis="since"
              from={0}
              stepMs={drawn?.stepMs ?? 1000}
              height={132}
              lines={[
                { ...runs.a, values: drawn?.a[place] ?? [] },
                { ...runs.b, values: drawn?.b[place] ?? [] },
              ]}
              format={format}
              marks={marks}
              sync="runs"
              onRange={(from, to) =>
                setQuery({ from: String(Math.max(0, Math.round(from))), to: String(Math.round(to)) })
              }
            />
          </figure>
        ))}
      </div>
    </Panel>
  );
}

async function sideOf(
  run: RunFacts,
  durationMs: number,
  stepMs: number,
  source: Pick<ComparedRow, "metric" | "where">,
  signal: AbortSignal,
): Promise<Values[]> {
  const from = run.startedAt;
  // Full steps: the last one, only begun, would look like a fall.
  const to = from + Math.max(1, Math.floor(durationMs / stepMs)) * stepMs;
  const ask = async (stat: string, more: readonly string[] = []) => {
    const series = await get<Series[]>(
      withQuery(`/api/runs/${encodeURIComponent(run.id)}/series`, {
        metric: source.metric,
        where: [...source.where, ...more],
        from,
        to,
        stepMs,
        stat,
      }),
      signal,
    );
    return series[0]?.values ?? [];
  };
  const steps = Math.round((to - from) / stepMs);
  // Where a rate is unknown, nothing happened; where a latency is unknown, it is unknown.
  const zeros = (values: Values) => Array.from({ length: steps }, (_, step) => values[step] ?? 0);
  const [rate, errors, p50, p99] = await Promise.all([
    ask("rate"),
    ask("rate", ["outcome=error"]),
    ask("p50"),
    ask("p99"),
  ]);
  return [zeros(rate), zeros(errors), p50, p99];
}
