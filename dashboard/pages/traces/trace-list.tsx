import type { TraceSummary } from "../../../runtime/telemetry/query.ts";
import { VirtualList } from "../../list/virtual-list.tsx";
import { formatAgo, formatMs } from "../format.ts";
import { hueOf } from "./service-hue.ts";

const rowHeight = 44;
const shownServices = 4;

export interface TraceListProps {
  readonly traces: readonly TraceSummary[];
  readonly now: number;
  readonly hrefOf: (traceId: string) => string;
  /** Traces chosen to be compared, at most two. */
  readonly chosen: readonly string[];
  readonly onChoose: (traceId: string, chosen: boolean) => void;
  /** Someone has come to the last ones. */
  readonly onEnd: () => void;
}

export function TraceList({ traces, now, hrefOf, chosen, onChoose, onEnd }: TraceListProps) {
  // The meters are logarithmic: one stream of minutes would leave all others without any.
  const longest = traces.reduce((max, trace) => Math.max(max, trace.durationMs), 0.001);
  return (
    <VirtualList items={traces} rowHeight={rowHeight} label="Traces" class="trace-list" onEnd={onEnd}>
      {(trace) => (
        <div key={trace.traceId} role="listitem" class="trace-row">
          <input
            type="checkbox"
            aria-label={`Compare ${trace.name}`}
            checked={chosen.includes(trace.traceId)}
            onChange={(event) => onChoose(trace.traceId, event.currentTarget.checked)}
          />
          <a class="trace-link" href={hrefOf(trace.traceId)}>
            <span class={`dot ${trace.status === "error" ? "bad" : "good"}`} title={trace.status} />
            <span class="trace-name" title={trace.name}>
              {trace.name}
              <small class="trace-id">{trace.traceId.slice(0, 8)}</small>
            </span>
            <span class="trace-services">
              {trace.services.slice(0, shownServices).map((service) => (
                <span key={service} class="waterfall-service" style={{ "--hue": hueOf(service) }}>
                  {service}
                </span>
              ))}
              {trace.services.length > shownServices && (
                <span class="muted">+{trace.services.length - shownServices}</span>
              )}
            </span>
            <span class="number trace-status">{trace.httpStatus ?? ""}</span>
            <span class="number trace-spans">
              {trace.spans} {trace.spans === 1 ? "span" : "spans"}
              {trace.errors > 0 && <em class="bad-text"> {trace.errors} failed</em>}
            </span>
            <span class="trace-duration">
              <span class="trace-meter">
                <span style={{ width: `${(100 * Math.log1p(trace.durationMs)) / Math.log1p(longest)}%` }} />
              </span>
              <span class="number">{formatMs(trace.durationMs)}</span>
            </span>
            <time class="number muted trace-age" dateTime={new Date(trace.startMs).toISOString()}>
              {formatAgo(trace.startMs, now)}
            </time>
          </a>
        </div>
      )}
    </VirtualList>
  );
}
