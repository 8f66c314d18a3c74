import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { toneOf } from "../../components/badge.tsx";
import { Panel } from "../../components/panel.tsx";
import { formatTime } from "../format.ts";
import { lanesOf } from "./lanes.ts";

/** More would push the list off the page. */
const maxLanes = 16;

export interface LanesProps {
  readonly entries: readonly TimelineEntry[];
  readonly from: number;
  readonly to: number;
}

/** Each instance that changed its state in this time, as a bar of its states over all of it. */
export function Lanes({ entries, from, to }: LanesProps) {
  const all = lanesOf(entries, from, to);
  if (all.length === 0) return null;
  const lanes = all.slice(0, maxLanes);
  const share = (at: number) => ((Math.min(to, Math.max(from, at)) - from) / (to - from)) * 100;
  return (
    <Panel
      title="Instances that changed"
      actions={all.length > maxLanes && <span class="muted">and {all.length - maxLanes} more</span>}
    >
      <ul class="lanes">
        {lanes.map(({ instance, spans }) => (
          <li key={instance} class="lane">
            <span class="lane-name truncate" title={instance}>
              {instance}
            </span>
            <span class="lane-bar">
              {spans.map((span) => (
                <span
                  key={span.from}
                  class={`lane-span ${toneOf(span.state)}`}
                  title={`${span.state}, ${formatTime(span.from)} – ${formatTime(span.to)}`}
                  style={{ left: `${share(span.from)}%`, width: `${share(span.to) - share(span.from)}%` }}
                >
                  <span class="unseen">
                    {span.state} from {formatTime(span.from)}
                  </span>
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      <p class="lane-legend muted" aria-hidden="true">
        <span class="lane-key good" /> ready <span class="lane-key info" /> starting, draining{" "}
        <span class="lane-key warn" /> unhealthy, waits to restart <span class="lane-key bad" /> crash loop{" "}
        <span class="lane-key plain" /> stopped
      </p>
    </Panel>
  );
}
