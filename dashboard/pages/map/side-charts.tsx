import { Chart, type ChartLine } from "../../charts/chart.tsx";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { type SeriesAsk, useSeries } from "../../charts/use-series.ts";
import { useTimeline } from "../../charts/use-timeline.ts";
import { ErrorLine } from "../../components/states.tsx";
import { run } from "../../live.ts";
import { momentOf } from "../../recording.ts";
import { formatMs, formatRate } from "../format.ts";

const lastMs = 5 * 60_000;
const chartHeight = 128;

export interface SideChartsProps {
  /** Of a histogram of durations, each with the word its lines begin with. */
  readonly sources: readonly {
    readonly word: string;
    readonly metric: string;
    readonly where: readonly string[];
  }[];
}

/** Rate, errors and latency of the last five minutes. Sources in which nothing happened are left out. */
export function SideCharts({ sources }: SideChartsProps) {
  const asks = sources.flatMap(({ metric, where }): SeriesAsk[] => [
    { metric, where, stat: "rate" },
    { metric, where: [...where, "outcome=error"], stat: "rate" },
    { metric, where, stat: "p50" },
    { metric, where, stat: "p99" },
  ]);
  const range = lastMinutes();
  const { answer, error } = useSeries(asks, range);
  // Without its marks a chart is as useful.
  const { entries } = useTimeline(range);
  if (answer === undefined) return <ErrorLine message={error instanceof Error ? error.message : undefined} />;
  const rates: ChartLine[] = [];
  const times: ChartLine[] = [];
  sources.forEach(({ word }, place) => {
    const [rate, errors, p50, p99] = [0, 1, 2, 3].map(
      (part) => answer.series[place * 4 + part]?.[0]?.values ?? [],
    );
    if (!rate!.some((value) => value !== null && value > 0)) return;
    rates.push({ label: word, values: zeros(rate!), area: true });
    if (errors!.some((value) => value !== null && value > 0)) {
      rates.push({ label: `${word} failed`, values: zeros(errors!), colour: "--bad" });
    }
    times.push({ label: `${word} p50`, values: p50! }, { label: "p99", values: p99! });
  });
  if (rates.length === 0) return <p class="muted">Nothing in the last five minutes.</p>;
  const { from, stepMs } = answer;
  const common = { from, stepMs, height: chartHeight, marks: entries, sync: "map-side" };
  return (
    <>
      <ErrorLine message={error instanceof Error ? error.message : undefined} />
      <h3>Rate</h3>
      <Chart {...common} label="Rate of the last five minutes" lines={rates} format={formatRate} />
      <h3>Latency</h3>
      <Chart {...common} label="Latency of the last five minutes" lines={times} format={formatMs} />
    </>
  );
}

/** Of a recording, those before the moment that the map shows. */
function lastMinutes(): SeriesRange {
  const info = run.value;
  if (info?.recording === undefined) return { lastMs };
  const to = momentOf(info);
  return { from: Math.max(info.startedAt, to - lastMs), to };
}

/** Where a rate is unknown, nothing happened; where a latency is unknown, it is unknown. */
function zeros(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? 0);
}
