import { useEffect, useRef, useState } from "preact/hooks";
import type { Heatmap, Series } from "../../../runtime/telemetry/query.ts";
import { api } from "../../api.ts";
import { HeatmapChart } from "../../charts/heatmap.tsx";
import { rowsInUse } from "../../charts/rows-in-use.ts";
import { gridOf, longestWaitMs, type SeriesRange } from "../../charts/series-grid.ts";
import { useSeries } from "../../charts/use-series.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorLine } from "../../components/states.tsx";
import { now } from "../../recording.ts";
import { query, setQuery } from "../../router.ts";
import { nameOf } from "./series-panel.tsx";

export interface HeatPanelProps {
  readonly metric: string;
  /** Labels that tell one line of the page from another; the map is of one of them. */
  readonly by: string;
  /** What is counted: `requests`. */
  readonly counted: string;
  readonly where: readonly string[];
  readonly range: SeriesRange;
}

interface Line {
  readonly name: string;
  readonly where: readonly string[];
}

const minEveryMs = 3000;

/** How long it took, of one service, edge, instance or route: the one in the address, or the busiest. */
export function HeatPanel({ metric, by, counted, where, range }: HeatPanelProps) {
  const { answer, error } = useSeries([{ metric, stat: "rate", by, where }], range);
  const lines = linesOf(answer?.series[0] ?? [], where);
  // The busiest may be another one with each step: it stays what it was, or the picture would change by itself.
  const first = useRef<Line>(undefined);
  first.current ??= lines[0];
  const asked = query.value.get("heat");
  const line = lines.find(({ name }) => name === asked) ?? first.current;
  const map = useHeatmap(metric, line?.where, range);
  const told = map.error ?? error;
  const empty = answer !== undefined && (line === undefined || (map.data !== undefined && isEmpty(map.data)));
  return (
    <Panel
      title={`Latency, all ${counted}`}
      actions={
        line !== undefined && (
          <span class="field">
            of
            <select
              class="select small heat-of"
              aria-label="Latency of"
              value={line.name}
              onChange={(event) => setQuery({ heat: event.currentTarget.value })}
            >
              {(lines.some(({ name }) => name === line.name) ? lines : [line, ...lines]).map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </span>
        )
      }
    >
      <ErrorLine message={told instanceof Error ? told.message : undefined} />
      {empty && <p class="chart-calm">No {counted} in this time</p>}
      {map.data === undefined && !empty && <div class="chart-wait heat" />}
      {line !== undefined && map.data !== undefined && !empty && (
        <HeatmapChart data={map.data} label={`Latency of ${line.name} over time`} counted={counted} />
      )}
    </Panel>
  );
}

/** The busiest first. What has no name of its own, such as a request of no route, cannot be asked for. */
function linesOf(series: readonly Series[], within: readonly string[]): Line[] {
  return series
    .filter(({ labels }) => Object.values(labels).every((value) => value !== ""))
    .map(({ labels }) => ({
      name: nameOf(labels),
      where: [...within, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)],
    }));
}

function isEmpty({ counts, bounds }: Heatmap): boolean {
  return rowsInUse(counts, bounds.length).end === 0;
}

/** Asked for again with each step; a page in the background asks nothing. */
function useHeatmap(
  metric: string,
  where: readonly string[] | undefined,
  range: SeriesRange,
): { readonly data: Heatmap | undefined; readonly error: unknown } {
  const [data, setData] = useState<Heatmap | undefined>();
  const [error, setError] = useState<unknown>();
  const key = JSON.stringify([metric, where, range]);
  useEffect(() => {
    setData(undefined);
    if (where === undefined) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const { from, to, stepMs } = gridOf(range, now());
      if (!document.hidden) {
        try {
          setData(await api.heatmap({ metric, where, from, to, step: stepMs }, gone.signal));
          setError(undefined);
        } catch (cause) {
          if (!gone.signal.aborted) setError(cause);
        }
      }
      if ("lastMs" in range && !gone.signal.aborted)
        timer = setTimeout(ask, Math.max(minEveryMs, Math.min(longestWaitMs, stepMs)));
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [key]);
  return { data, error };
}
