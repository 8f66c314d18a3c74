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

/** What the lines of a view are. */
interface Lines {
  readonly metric: string;
  /** Labels that tell one from another. */
  readonly by: string;
  /** What is counted, in the titles and when there is nothing. */
  readonly counted: string;
  /** Before the percentiles. */
  readonly took: string;
}

const requests = { metric: metric.serverDuration, counted: "requests", took: "Latency" } as const;

const linesOf: Readonly<Record<Exclude<View, "edge">, Lines>> = {
  service: { ...requests, by: "service" },
  instance: { ...requests, by: "instance" },
  route: { ...requests, by: "service,route" },
};

/** Of edges as those at their beginning see them, and deliveries as those at their end. */
const edges = [
  {
    key: "calls",
    text: "Calls",
    lines: { metric: metric.clientDuration, by: "service,to", counted: "requests", took: "Latency" },
  },
  {
    key: "publishes",
    text: "Publishes",
    lines: { metric: metric.publishDuration, by: "service,topic", counted: "publishes", took: "Latency" },
  },
  {
    key: "deliveries",
    text: "Deliveries",
    lines: { metric: metric.processDuration, by: "topic,service", counted: "deliveries", took: "Handling" },
  },
] as const satisfies readonly { readonly key: string; readonly text: string; readonly lines: Lines }[];

function Metrics() {
  const services = useServices();
  const service = query.value.get("service") ?? "";
  const view = views.find(({ key }) => key === query.value.get("by"))?.key ?? "service";
  const edge = edges.find(({ key }) => key === query.value.get("edges")) ?? edges[0];
  const lines = view === "edge" ? edge.lines : linesOf[view];
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
        {view === "edge" && (
          <Segments
            label="Edges"
            options={edges}
            chosen={edge.key}
            onChoose={(key) => setQuery({ edges: key, heat: undefined })}
          />
        )}
        <Spring />
        <TimeRangePicker range={picked} />
      </Toolbar>
      <div class="chart-grid">
        <Traffic lines={lines} where={where} {...common} />
      </div>
      <HeatPanel
        key={`${lines.metric} ${lines.by} ${service}`}
        metric={lines.metric}
        by={lines.by}
        counted={lines.counted}
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

interface TrafficProps {
  readonly lines: Lines;
  readonly where: readonly string[];
  readonly range: SeriesRange;
  readonly marks: ReturnType<typeof useTimeline>["entries"];
  readonly onRange: (from: number, to: number) => void;
}

/** Rate, errors and percentiles; of deliveries also how long they were on their way. */
function Traffic({ lines, where, ...common }: TrafficProps) {
  const { metric: source, by, counted, took } = lines;
  const ask = (stat: string, more: readonly string[] = []) => ({
    metric: source,
    stat,
    by,
    where: [...where, ...more],
  });
  const delay = (stat: string) => ({ ...ask(stat), metric: metric.deliveryDelay });
  return (
    <>
      <SeriesPanel {...common} title={capital(counted)} ask={ask("rate")} format={formatRate} zero />
      <SeriesPanel
        {...common}
        title="Errors"
        ask={ask("rate", ["outcome=error"])}
        format={formatRate}
        zero
        calm="No errors"
      />
      <SeriesPanel {...common} title={`${took}, p50`} ask={ask("p50")} format={formatMs} />
      <SeriesPanel {...common} title={`${took}, p99`} ask={ask("p99")} format={formatMs} />
      {source === metric.processDuration && (
        <>
          <SeriesPanel
            {...common}
            title="From publish to handler, p50"
            ask={delay("p50")}
            format={formatMs}
          />
          <SeriesPanel
            {...common}
            title="From publish to handler, p99"
            ask={delay("p99")}
            format={formatMs}
          />
        </>
      )}
    </>
  );
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Not `/metrics`: that is where Prometheus looks. */
export const page: Page = { path: "/charts", title: "Metrics", icon: icons.metrics, component: Metrics };
