import { metric } from "../../../runtime/telemetry/names.ts";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { useTimeline } from "../../charts/use-timeline.ts";
import { Segments } from "../../components/choice.tsx";
import { fixTimeRange, seriesRangeOf, timeRangeOf, TimeRangePicker } from "../../components/time-range.tsx";
import { Spring, Toolbar } from "../../components/toolbar.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";
import { now } from "../../recording.ts";
import { query, setQuery } from "../../router.ts";
import { formatBytes, formatCount, formatMs, formatRate } from "../format.ts";
import { useServices } from "../use-services.ts";
import { HeatPanel } from "./heat-panel.tsx";
import { OtherMetric } from "./other-metric.tsx";
import { SeriesPanel } from "./series-panel.tsx";

const views = [
  { key: "service", text: "By service" },
  { key: "edge", text: "By edge" },
  { key: "instance", text: "By instance" },
  { key: "route", text: "By route" },
] as const;
type View = (typeof views)[number]["key"];

function Metrics() {
  const services = useServices();
  const service = query.value.get("service") ?? "";
  const view = views.find(({ key }) => key === query.value.get("by"))?.key ?? "service";
  const picked = timeRangeOf(query.value, now());
  const range = seriesRangeOf(picked);
  const { entries } = useTimeline(range);
  const where = service === "" ? [] : [`service=${service}`];
  const common = { range, marks: entries, onRange: fixTimeRange };
  return (
    <div class="page">
      <Toolbar label="What is shown">
        <h1>Metrics</h1>
        <label class="field">
          Service
          <select
            class="select"
            value={service}
            onChange={(event) => setQuery({ service: event.currentTarget.value })}
          >
            <option value="">all</option>
            {services.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Segments
          label="Lines"
          options={views}
          chosen={view}
          onChoose={(by) => setQuery({ by, heat: undefined })}
        />
        <Spring />
        <TimeRangePicker range={picked} />
      </Toolbar>
      <div class="chart-grid">
        <Requests view={view} where={where} {...common} />
      </div>
      <HeatPanel
        key={`${view} ${service}`}
        metric={sourceOf(view)}
        by={labels[view]}
        where={where}
        range={range}
      />
      <div class="chart-grid">
        <SeriesPanel
          {...common}
          title="CPU"
          ask={{ metric: metric.cpu, stat: "mean", by: "instance", where }}
          format={(value) => `${Math.round(value * 100)} %`}
        />
        <SeriesPanel
          {...common}
          title="Memory"
          ask={{ metric: metric.rss, stat: "max", by: "instance", where }}
          format={formatBytes}
        />
        <SeriesPanel
          {...common}
          title="Event-loop delay"
          ask={{ metric: metric.loopDelay, stat: "max", by: "instance", where }}
          format={formatMs}
        />
        <SeriesPanel
          {...common}
          title="Lag of subscriptions"
          ask={{ metric: metric.subscriptionLag, stat: "max", by: "topic,subscription" }}
          format={(value) => formatCount(Math.round(value))}
        />
      </div>
      <OtherMetric {...common} where={where} />
    </div>
  );
}

interface RequestsProps {
  readonly view: View;
  readonly where: readonly string[];
  readonly range: SeriesRange;
  readonly marks: ReturnType<typeof useTimeline>["entries"];
  readonly onRange: (from: number, to: number) => void;
}

const labels: Readonly<Record<View, string>> = {
  service: "service",
  edge: "service,to",
  instance: "instance",
  route: "route",
};

/** Of edges as the callers see them. */
function sourceOf(view: View): string {
  return view === "edge" ? metric.clientDuration : metric.serverDuration;
}

/** Rate, errors and percentiles. */
function Requests({ view, where, ...common }: RequestsProps) {
  const source = sourceOf(view);
  const by = labels[view];
  const ask = (stat: string, more: readonly string[] = []) => ({
    metric: source,
    stat,
    by,
    where: [...where, ...more],
  });
  return (
    <>
      <SeriesPanel {...common} title="Requests" ask={ask("rate")} format={formatRate} zero />
      <SeriesPanel
        {...common}
        title="Errors"
        ask={ask("rate", ["outcome=error"])}
        format={formatRate}
        zero
        calm="No errors"
      />
      <SeriesPanel {...common} title="Latency, p50" ask={ask("p50")} format={formatMs} />
      <SeriesPanel {...common} title="Latency, p99" ask={ask("p99")} format={formatMs} />
    </>
  );
}

/** Not `/metrics`: that is where Prometheus looks. */
export const page: Page = { path: "/charts", title: "Metrics", icon: icons.metrics, component: Metrics };
