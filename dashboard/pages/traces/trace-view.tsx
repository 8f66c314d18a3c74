import { useMemo, useState } from "preact/hooks";
import { skewsOf } from "../../../runtime/telemetry/clock-skew.ts";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { formatMs, formatTime } from "../format.ts";
import { logsHref } from "../links.ts";
import type { WaterfallRow } from "./rows.ts";
import { saveTrace } from "./save.ts";
import { SpanPanel } from "./span-panel.tsx";
import { treeOf } from "./tree.ts";
import { Waterfall } from "./waterfall.tsx";

export interface TraceViewProps {
  readonly trace: TraceDetail;
  /** Where it came from, when that is a file. */
  readonly file?: string | undefined;
  /** Where there is no list to go back to. */
  readonly onBack?: () => void;
  /** Spans may come late. */
  readonly onRefresh?: () => void;
}

/** One trace: what it was, its waterfall, and the line that was chosen. */
export function TraceView({ trace, file, onBack, onRefresh }: TraceViewProps) {
  const [row, setRow] = useState<WaterfallRow | undefined>();
  const tree = useMemo(() => treeOf(trace.spans), [trace]);
  const skews = useMemo(() => skewsOf(trace.spans), [trace]);
  const { summary } = trace;
  return (
    <div class="page fill trace-view">
      <header class="trace-head">
        {onBack === undefined ? (
          <a href="/traces" class="button small">
            ← Traces
          </a>
        ) : (
          <button type="button" class="button small" onClick={onBack}>
            ← Traces
          </button>
        )}
        <h1 class="trace-title" title={summary.name}>
          <span class={`dot ${summary.status === "error" ? "bad" : "good"}`} />
          {summary.name}
        </h1>
        <span class="trace-facts">
          <strong>{formatMs(summary.durationMs)}</strong>
          <span>
            {summary.spans} {summary.spans === 1 ? "span" : "spans"}
          </span>
          {summary.errors > 0 && <span class="bad-text">{summary.errors} failed</span>}
          {summary.httpStatus !== undefined && <span>status {summary.httpStatus}</span>}
          <time dateTime={new Date(summary.startMs).toISOString()}>{formatTime(summary.startMs)}</time>
          <code title={summary.traceId}>{summary.traceId}</code>
          {file !== undefined && <span class="badge">from {file}</span>}
        </span>
        <span class="trace-actions">
          {file === undefined && (
            <a class="button small" href={logsHref(summary.traceId)}>
              Logs
            </a>
          )}
          {onRefresh !== undefined && (
            <button type="button" class="button small" onClick={onRefresh}>
              Refresh
            </button>
          )}
          <button type="button" class="button small" onClick={() => saveTrace(trace)}>
            Save
          </button>
        </span>
      </header>
      {trace.orphans > 0 && (
        <p class="trace-notice" role="status">
          {trace.orphans} {trace.orphans === 1 ? "span has" : "spans have"} a parent that never came; they
          stand at the left edge.
        </p>
      )}
      {skews !== undefined && (
        <p class="trace-notice" role="status">
          Clocks differ by up to {formatMs(skews.mostMs)}: {skews.spans}{" "}
          {skews.spans === 1 ? "span was" : "spans were"} moved to where their cause says that they must have
          been.
        </p>
      )}
      <div class={`trace-body ${row === undefined ? "" : "with-panel"}`}>
        <Waterfall trace={trace} selected={row} onSelect={setRow} />
        {row !== undefined && (
          <SpanPanel
            trace={trace}
            row={row}
            node={row.kind === "span" ? tree.nodes[row.node] : undefined}
            onClose={() => setRow(undefined)}
          />
        )}
      </div>
    </div>
  );
}
