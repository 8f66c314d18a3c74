import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { formatTime } from "../format.ts";
import { hueOf } from "../traces/service-hue.ts";

export interface LogLineProps {
  readonly line: StoredLog;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

/** One line, cut to the width of the list; the panel has all of it. */
export function LogLine({ line, selected, onSelect }: LogLineProps) {
  return (
    <div role="listitem" class={`log-line ${line.level} ${selected ? "active" : ""}`}>
      <button type="button" class="log-button" aria-pressed={selected} onClick={onSelect}>
        <time dateTime={new Date(line.at).toISOString()}>{formatTime(line.at)}</time>
        <span class={`level ${line.level}`}>{line.level}</span>
        <span class="waterfall-service" style={{ "--hue": hueOf(line.service) }}>
          {line.instance}
        </span>
        <span class="log-message">
          {/* A long line costs the browser its layout even when it is cut off. */}
          {inOneLine(line.message.slice(0, 400))}
          {line.fields !== undefined && <span class="log-fields"> {fieldsOf(line.fields)}</span>}
        </span>
      </button>
    </div>
  );
}

/** A stack of calls goes on in the same line; all lines have one height. */
function inOneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ⏎ ");
}

function fieldsOf(fields: NonNullable<StoredLog["fields"]>): string {
  const text = Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return inOneLine(text.slice(0, 200));
}
