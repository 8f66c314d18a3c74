import type { ComponentChildren } from "preact";
import { clockSkew, skewOf } from "../../../runtime/telemetry/clock-skew.ts";
import type { Attributes, SpanRecord } from "../../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { CloseButton } from "../../components/close-button.tsx";
import { useEscape } from "../../components/use-escape.ts";
import { formatMs, formatTime } from "../format.ts";
import { traceHref } from "../links.ts";
import { skewText } from "./span-row.tsx";
import type { WaterfallRow } from "./rows.ts";
import type { TreeNode } from "./tree.ts";

export interface SpanPanelProps {
  readonly trace: TraceDetail;
  readonly row: WaterfallRow;
  readonly node: TreeNode | undefined;
  readonly onClose: () => void;
}

/** All that is known of the chosen line. */
export function SpanPanel({ trace, row, node, onClose }: SpanPanelProps) {
  useEscape(onClose);
  const title =
    row.kind === "log" ? "Log line" : row.kind === "event" ? row.event.name : (node?.span.name ?? "");
  return (
    <aside class="span-panel" aria-label="Details">
      <header class="span-panel-head">
        <h2>{title}</h2>
        <CloseButton label="Close details" onClose={onClose} />
      </header>
      {row.kind === "log" && <LogFacts log={row.log} />}
      {row.kind === "event" && (
        <>
          <Facts facts={{ at: offset(trace, row.event.at) }} />
          <Facts title="Attributes" facts={row.event.attributes} />
        </>
      )}
      {node !== undefined && <SpanFacts trace={trace} node={node} />}
    </aside>
  );
}

function SpanFacts({ trace, node: { span } }: { trace: TraceDetail; node: TreeNode }) {
  const statement = span.attributes["db.query.text"];
  const { "db.query.text": _statement, [clockSkew]: _skew, ...attributes } = span.attributes;
  const skew = skewOf(span);
  const missing = missingOf(span);
  return (
    <>
      <Facts
        facts={{
          service: span.service,
          instance: span.generation > 1 ? `${span.instance}, generation ${span.generation}` : span.instance,
          kind: span.kind,
          status: span.status,
          start: offset(trace, span.startMs),
          duration: formatMs(span.durationMs),
          span: span.spanId,
          ...(skew === undefined ? {} : { clock: `${skewText(skew)} its cause's: the span was moved` }),
          ...(missing === "" ? {} : { "left out": missing }),
        }}
      />
      {typeof statement === "string" && (
        <>
          <h3>Statement</h3>
          <pre class="code">{statement}</pre>
        </>
      )}
      <Facts title="Attributes" facts={attributes} />
      {(span.links ?? []).length > 0 && (
        <>
          <h3>Links</h3>
          <ul class="span-links">
            {span.links!.map((link) => (
              <li key={link.spanId}>
                {link.traceId === span.traceId ? (
                  <code>{link.spanId}</code>
                ) : (
                  <a href={traceHref(link.traceId)}>{link.traceId}</a>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** What of a span is not here, as its sender or the observer's bounds left it out. */
function missingOf({ dropped = {} }: SpanRecord): string {
  return Object.entries(dropped)
    .map(([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`)
    .join(", ");
}

function LogFacts({ log }: { log: TraceDetail["logs"][number] }) {
  const fields = Object.entries(log.fields ?? {}).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return (
    <>
      <pre class="code">{log.message}</pre>
      <Facts
        facts={{ level: log.level, service: log.service, instance: log.instance, at: formatTime(log.at) }}
      />
      <Facts title="Fields" facts={Object.fromEntries(fields)} />
    </>
  );
}

export function Facts({ title, facts }: { title?: string; facts: Attributes }) {
  const entries = Object.entries(facts);
  if (entries.length === 0) return null;
  return (
    <>
      {title !== undefined && <h3>{title}</h3>}
      <dl class="facts">
        {entries.map(([name, value]) => (
          <div key={name} class={String(value).includes("\n") ? "long" : undefined}>
            <dt>{breakable(name)}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** `http.response.status_code` is broken at its dots, not within a word. */
function breakable(name: string): ComponentChildren {
  return name
    .split(/(?<=[._])/)
    .flatMap((part, place) => (place === 0 ? [part] : [<wbr key={part} />, part]));
}

function offset(trace: TraceDetail, at: number): string {
  return `${formatTime(at)} (+${formatMs(at - trace.summary.startMs)})`;
}
