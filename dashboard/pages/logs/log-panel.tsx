import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { CloseButton } from "../../components/close-button.tsx";
import { useEscape } from "../../components/use-escape.ts";
import { formatTime } from "../format.ts";
import { traceHref } from "../links.ts";
import { Facts } from "../traces/span-panel.tsx";

export interface LogPanelProps {
  readonly line: StoredLog;
  readonly onClose: () => void;
  readonly onTrace: (traceId: string) => void;
}

export function LogPanel({ line, onClose, onTrace }: LogPanelProps) {
  useEscape(onClose);
  const { traceId } = line;
  const fields = Object.entries(line.fields ?? {}).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return (
    <aside class="span-panel" aria-label="Log line">
      <header class="span-panel-head">
        <h2>
          <span class={`level ${line.level}`}>{line.level}</span> {line.instance}
        </h2>
        <CloseButton label="Close details" onClose={onClose} />
      </header>
      <pre class="code">{line.message}</pre>
      {traceId !== undefined && (
        <p class="panel-actions">
          <a class="button small primary" href={traceHref(traceId)}>
            Open trace
          </a>
          <button type="button" class="button small" onClick={() => onTrace(traceId)}>
            Lines of this trace
          </button>
        </p>
      )}
      <Facts
        facts={{
          at: formatTime(line.at),
          service: line.service,
          instance: line.instance,
          ...(traceId !== undefined && { trace: traceId }),
          ...(line.spanId !== undefined && { span: line.spanId }),
        }}
      />
      <Facts title="Fields" facts={Object.fromEntries(fields)} />
    </aside>
  );
}
