import { useState } from "preact/hooks";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { useTimeline } from "../../charts/use-timeline.ts";
import { weightOf } from "../../charts/weight.ts";
import { Badge } from "../../components/badge.tsx";
import { Segments } from "../../components/choice.tsx";
import { Panel } from "../../components/panel.tsx";
import { EmptyState, ErrorLine } from "../../components/states.tsx";
import { Table, type TableColumn } from "../../components/table.tsx";
import { fixTimeRange, seriesRangeOf, timeRangeOf, TimeRangePicker } from "../../components/time-range.tsx";
import { Spring, Toolbar } from "../../components/toolbar.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";
import { now } from "../../recording.ts";
import { query, setQuery } from "../../router.ts";
import { dayOf, formatMs, formatRate, formatTime, formatWhen } from "../format.ts";
import { Loading } from "../loading.tsx";
import { effectOf, type Seen } from "./effect.ts";
import { GatewayCharts, useGateway } from "./gateway-charts.tsx";
import { Lanes } from "./lanes.tsx";
import "./timeline.css";

const shown = [
  { key: "all", text: "All" },
  { key: "actions", text: "Actions" },
  { key: "states", text: "States" },
] as const;

/** What was done to the system beside what happened to it: one time axis above, the same moments as words below. */
function Timeline() {
  const picked = timeRangeOf(query.value, now());
  const range = seriesRangeOf(picked);
  const { entries, loading, error } = useTimeline(range);
  const { seen, problem } = useGateway(range);
  const show = shown.find(({ key }) => key === query.value.get("show"))?.key ?? "all";
  const [selected, setSelected] = useState<string | undefined>();
  const listed = entries
    .filter((entry) => show === "all" || (entry.kind === "state") === (show === "states"))
    .reverse();
  return (
    <div class="page timeline-page">
      <Toolbar label="What is shown">
        <h1>Timeline</h1>
        <Segments label="Entries" options={shown} chosen={show} onChoose={(key) => setQuery({ show: key })} />
        <Spring />
        <TimeRangePicker range={picked} />
      </Toolbar>
      <ErrorLine message={error instanceof Error ? error.message : undefined} />
      <GatewayCharts seen={seen} problem={problem} marks={entries} />
      {seen !== undefined && (
        <Lanes entries={entries} from={seen.from} to={seen.from + seen.stepMs * seen.rate.length} />
      )}
      <Panel fill flush class="timeline-list">
        {loading ? (
          <Loading what="the entries" />
        ) : listed.length === 0 ? (
          <EmptyState title="Nothing happened in this time">
            Scale or kill something on the <a href="/map">map</a>, and see here what it does.
          </EmptyState>
        ) : (
          <Table
            label="Entries, newest first"
            columns={columnsOf(seen)}
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

function columnsOf(seen: Seen | undefined): readonly TableColumn<TimelineEntry>[] {
  return [
    { title: "Time", width: "116px", cell: (entry) => <span class="mono">{timeOf(entry)}</span> },
    {
      title: "Kind",
      width: "86px",
      cell: (entry) => <Badge tone={tones[weightOf(entry)]}>{entry.kind}</Badge>,
    },
    {
      title: "What",
      width: "minmax(0, 3fr)",
      cell: (entry) => (
        <span title={[entry.text, ...changesOf(entry)].join("\n")}>
          <span>{entry.text}</span> <span class="muted">{becauseOf(entry)}</span>
        </span>
      ),
    },
    {
      title: "Clients, 10 s before → after",
      width: "minmax(0, 2fr)",
      cell: (entry) => (seen === undefined ? null : <EffectCell entry={entry} seen={seen} />),
    },
  ];
}

function timeOf({ at }: TimelineEntry): string {
  const today = dayOf(at) === dayOf(now());
  return today ? formatTime(at) : formatWhen(at, now());
}

/** How a process ended that fell. */
function becauseOf({ detail }: TimelineEntry): string {
  const why = detail?.lastExit;
  return typeof why === "string" && ["backoff", "crash-loop", "stopped"].includes(String(detail?.to))
    ? why
    : "";
}

/** Of a topology that is another than in the run before. */
function changesOf({ detail }: TimelineEntry): string[] {
  return Array.isArray(detail?.changes) ? detail.changes.map(String) : [];
}

/** Only of what was done or fell: steps on the way are its consequences. */
function EffectCell({ entry, seen }: { entry: TimelineEntry; seen: Seen }) {
  const effect = weightOf(entry) === "change" ? undefined : effectOf(entry, seen);
  if (effect === undefined) return null;
  const { errorsBefore, errorsAfter, p99Before, p99After } = effect;
  const time = (ms: number | undefined) => (ms === undefined ? "–" : formatMs(ms));
  const slower = p99Before !== undefined && p99After !== undefined && p99After > 1.5 * p99Before;
  return (
    <span class="effect">
      <span class={slower ? "slower" : undefined}>
        p99 {time(p99Before)} → {time(p99After)}
      </span>
      {(errorsBefore > 0 || errorsAfter > 0) && (
        <span class={errorsAfter > errorsBefore ? "slower" : undefined}>
          errors {formatRate(errorsBefore)} → {formatRate(errorsAfter)}
        </span>
      )}
    </span>
  );
}

export const page: Page = { path: "/timeline", title: "Timeline", icon: icons.timeline, component: Timeline };
