import { useEffect, useState } from "preact/hooks";
import type { Heatmap } from "../../../runtime/telemetry/query.ts";
import { api } from "../../api.ts";
import { HeatmapChart } from "../../charts/heatmap.tsx";
import { rowsInUse } from "../../charts/rows-in-use.ts";
import { gridOf, type SeriesRange } from "../../charts/series-grid.ts";
import { now } from "../../recording.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorLine } from "../../components/states.tsx";

export interface HeatPanelProps {
  readonly service: string;
  readonly range: SeriesRange;
}

const minEveryMs = 3000;

/** How long the requests of one service took. */
export function HeatPanel({ service, range }: HeatPanelProps) {
  const [data, setData] = useState<Heatmap | undefined>();
  const [error, setError] = useState<string | undefined>();
  const key = JSON.stringify([service, range]);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setData(undefined);
    const ask = async () => {
      const { from, to, stepMs } = gridOf(range, now());
      if (!document.hidden) {
        try {
          setData(await api.heatmap({ service, from, to, step: stepMs }, gone.signal));
          setError(undefined);
        } catch (cause) {
          if (!gone.signal.aborted) setError(cause instanceof Error ? cause.message : String(cause));
        }
      }
      if ("lastMs" in range && !gone.signal.aborted) timer = setTimeout(ask, Math.max(minEveryMs, stepMs));
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [key]);
  const empty = data !== undefined && rowsInUse(data.counts, data.bounds.length).end === 0;
  return (
    <Panel title={`Latency of ${service}, all requests`}>
      <ErrorLine message={error} />
      {empty && <p class="chart-calm">No requests in this time</p>}
      {data !== undefined && !empty && <HeatmapChart data={data} label={`Latency of ${service} over time`} />}
    </Panel>
  );
}
