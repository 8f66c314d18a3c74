import { useEffect, useState } from "preact/hooks";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { api } from "../../api.ts";
import type { SeriesRange } from "../../charts/series-grid.ts";
import { Toolbar } from "../../components/toolbar.tsx";
import { query, setQuery } from "../../router.ts";
import { SeriesPanel } from "./series-panel.tsx";

export interface OtherMetricProps {
  readonly where: readonly string[];
  readonly range: SeriesRange;
  readonly marks: readonly TimelineEntry[];
  readonly onRange: (from: number, to: number) => void;
}

const stats = ["rate", "mean", "max", "p50", "p90", "p99", "p999"] as const;

/** Any metric there is, also those of services' own and of processes outside. */
export function OtherMetric({ where, ...common }: OtherMetricProps) {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const gone = new AbortController();
    // Without the list the rest of the page is as useful.
    api.metrics(gone.signal).then(setNames, () => {});
    return () => gone.abort();
  }, []);
  const name = query.value.get("metric") ?? "";
  const stat = query.value.get("stat") ?? "mean";
  return (
    <section class="other-metric">
      <Toolbar label="Another metric">
        <label class="field">
          Another metric
          <select
            class="select"
            value={name}
            onChange={(event) => setQuery({ metric: event.currentTarget.value })}
          >
            <option value="">choose</option>
            {names.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          as
          <select
            class="select"
            value={stat}
            onChange={(event) => setQuery({ stat: event.currentTarget.value })}
          >
            {stats.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </Toolbar>
      {name !== "" && (
        <SeriesPanel
          {...common}
          title={`${name}, ${stat}`}
          ask={{ metric: name, stat, by: "instance", where }}
          format={(value) => value.toLocaleString("en-GB", { maximumSignificantDigits: 3 })}
        />
      )}
    </section>
  );
}
