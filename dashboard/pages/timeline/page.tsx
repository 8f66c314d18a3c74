import { useState } from "preact/hooks";
import { metric } from "../../../runtime/telemetry/names.ts";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { Chart } from "../../charts/chart.tsx";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { useSeries } from "../../charts/use-series.ts";
import { useTimeline } from "../../charts/use-timeline.ts";
import { weightOf } from "../../charts/weight.ts";
import { Badge } from "../../components/badge.tsx";
import { Segments } from "../../components/choice.tsx";
import { Panel } from "../../components/panel.tsx";
import { EmptyState, ErrorLine } from "../../components/states.tsx";
import { Table, type TableColumn } from "../../components/table.tsx";
import { fixTimeRange, timeRangeOf, TimeRangePicker } from "../../components/time-range.tsx";
import { Spring, Toolbar } from "../../components/toolbar.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";
import { query, setQuery } from "../../router.ts";
import { formatMs, formatRate, formatTime } from "../format.ts";
import "./timeline.css";

const shown = [
  { key: "all", text: "All" },
  { key: "actions", text: "Actions" },
  { key: "states", text: "States" },
] as const;

/** What was done to the system beside what happened to it: one time axis above, the same moments as words below. */
function Timeline() {
  const picked = timeRangeOf(query.value, Date.now());
  const range: SeriesRange =
    picked.last === undefined ? { from: picked.from, to: picked.to } : { lastMs: picked.to - picked.from };
  const { entries, error } = useTimeline(range);
  const show = shown.find(({ key }) => key === query.value.get("show"))?.key ?? "all";
  const [selected, setSelected] = useState<string | undefined>();
  const listed = entries
    .filter((entry) => show === "all" || (entry.kind === "state") === (show === "states"))
    .reverse();
  return (
    <div class="page timeline-page">
      <h1 class="unseen">Timeline</h1>
      <Toolbar label="What is shown">
        <Segments label="Entries" options={shown} chosen={show} onChoose={(key) => setQuery({ show: key })} />
        <Spring />
        <TimeRangePicker range={picked} />
      </Toolbar>
      <ErrorLine message={error instanceof Error ? error.message : undefined} />
      <GatewayCharts range={range} marks={entries} />
      <Panel fill flush>
        {listed.length === 0 ? (
          <EmptyState title="Nothing happened in this time">
            Scale or kill something on the <a href="/map">map</a>, and see here what it does.
          </EmptyState>
        ) : (
          <Table
            label="Entries, newest first"
            columns={columns}
            items={listed}
            idOf={idOf}
            selected={selected}
            onSelect={(entry) => setSelected(idOf(entry))}
            onOpen={around}
          />
        )}
      </Panel>
    </div>
  );
}

const aroundMs = 30_000;

function around(entry: TimelineEntry): void {
  fixTimeRange(entry.at - aroundMs, entry.at + aroundMs);
}

function idOf(entry: TimelineEntry): string {
  return `${entry.at} ${entry.text}`;
}

const tones = { action: "info", fall: "bad", change: "plain" } as const;

const columns: readonly TableColumn<TimelineEntry>[] = [
  { title: "Time", width: "104px", cell: (entry) => <span class="mono">{formatTime(entry.at)}</span> },
  {
    title: "Kind",
    width: "86px",
    cell: (entry) => <Badge tone={tones[weightOf(entry)]}>{entry.kind}</Badge>,
  },
  { title: "What", width: "minmax(0, 2fr)", cell: (entry) => <span title={entry.text}>{entry.text}</span> },
  {
    title: "Because",
    width: "minmax(0, 2fr)",
    cell: ({ detail }) => {
      const why = detail?.lastExit;
      return typeof why === "string" && ["backoff", "crash-loop", "stopped"].includes(String(detail?.to)) ? (
        <span class="muted" title={why}>
          {why}
        </span>
      ) : null;
    },
  },
];

/** What users notice: the gateway's rate, errors and p99. */
function GatewayCharts({ range, marks }: { range: SeriesRange; marks: readonly TimelineEntry[] }) {
  const gateway = { metric: metric.serverDuration, where: ["service=gateway"] };
  const { answer, error } = useSeries(
    [
      { ...gateway, stat: "rate" },
      { ...gateway, where: [...gateway.where, "outcome=error"], stat: "rate" },
      { ...gateway, stat: "p50" },
      { ...gateway, stat: "p99" },
    ],
    range,
  );
  const [rate, errors, p50, p99] = [0, 1, 2, 3].map((place) => answer?.series[place]?.[0]?.values ?? []);
  const length = answer === undefined ? 0 : Math.round((answer.to - answer.from) / answer.stepMs);
  const filled = (values: readonly (number | null)[]) =>
    Array.from({ length }, (_, step) => values[step] ?? 0);
  const common = {
    from: answer?.from ?? 0,
    stepMs: answer?.stepMs ?? 1000,
    height: 132,
    marks,
    sync: "timeline",
    onRange: fixTimeRange,
  };
  return (
    <Panel title="The gateway, as its clients see it">
      <ErrorLine message={error instanceof Error ? error.message : undefined} />
      <div class="timeline-charts">
        <Chart
          {...common}
          label="Rate and errors of the gateway"
          lines={[
            { label: "requests", values: filled(rate!), area: true },
            { label: "errors", values: filled(errors!), colour: "--bad", area: true },
          ]}
          format={formatRate}
        />
        <Chart
          {...common}
          label="Latency of the gateway"
          lines={[
            { label: "p50", values: p50! },
            { label: "p99", values: p99! },
          ]}
          format={formatMs}
        />
      </div>
    </Panel>
  );
}

export const page: Page = { path: "/timeline", title: "Timeline", icon: icons.timeline, component: Timeline };
