import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { Chart, maxLines } from "../../charts/chart.tsx";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { type SeriesAsk, useSeries } from "../../charts/use-series.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorLine } from "../../components/states.tsx";

export interface SeriesPanelProps {
  readonly title: string;
  readonly ask: SeriesAsk;
  readonly range: SeriesRange;
  readonly format: (value: number) => string;
  readonly marks: readonly TimelineEntry[];
  readonly onRange: (from: number, to: number) => void;
  /** Where nothing is known, nothing happened: rates. */
  readonly zero?: boolean;
  /** In place of an empty chart. */
  readonly calm?: string;
}

const height = 168;

export function SeriesPanel(props: SeriesPanelProps) {
  const { title, ask, range, format, zero, calm = "Nothing in this time" } = props;
  const { answer, error } = useSeries([ask], range);
  const series = answer?.series[0] ?? [];
  const seen = series.filter(({ values }) => values.some((value) => value !== null));
  const hidden = seen.length - maxLines;
  return (
    <Panel
      title={title}
      actions={
        hidden > 0 ? (
          <span class="panel-note">
            the {maxLines} largest of {seen.length}
          </span>
        ) : undefined
      }
    >
      <ErrorLine message={error instanceof Error ? error.message : undefined} />
      {answer === undefined ? (
        // Axes without an answer would have figures that nobody measured.
        <div class="chart-wait" />
      ) : seen.length === 0 ? (
        <p class="chart-calm">{calm}</p>
      ) : (
        <Chart
          label={title}
          from={answer.from}
          stepMs={answer.stepMs}
          lines={seen.slice(0, maxLines).map(({ labels, values }) => ({
            label: nameOf(labels),
            values: zero === true ? values.map((value) => value ?? 0) : values,
          }))}
          format={format}
          height={height}
          marks={props.marks}
          sync="metrics"
          onRange={props.onRange}
        />
      )}
    </Panel>
  );
}

/** `orders → catalog`, `orders → order.placed`, `order.placed → payments` of an edge; the values of the labels otherwise. */
export function nameOf(labels: Readonly<Record<string, string>>): string {
  const values = Object.values(labels).filter((value) => value !== "");
  const isEdge = labels.service !== undefined && (labels.to ?? labels.topic) !== undefined;
  return values.join(isEdge ? " → " : " ") || "all";
}
