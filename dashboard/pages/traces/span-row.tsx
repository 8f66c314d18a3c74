import { skewOf } from "../../../runtime/telemetry/clock-skew.ts";
import { formatMs } from "../format.ts";
import type { CriticalStretch } from "./critical-path.ts";
import type { WaterfallRow } from "./rows.ts";
import { hueOf } from "./service-hue.ts";
import type { TreeNode } from "./tree.ts";
import type { TimeRange } from "./waterfall.tsx";

export interface SpanRowProps {
  readonly id: string;
  readonly row: WaterfallRow;
  readonly node: TreeNode | undefined;
  readonly folded: boolean;
  readonly active: boolean;
  readonly range: TimeRange;
  readonly critical: readonly CriticalStretch[] | undefined;
  readonly onSelect: () => void;
  readonly onFold: () => void;
}

const indentPx = 14;
/** Deeper ones stand below each other: a name must keep room. */
const maxIndents = 12;
/** A stretch of its own this long, of the range in sight, is worth a label. */
const gapShare = 0.12;

export function SpanRow(props: SpanRowProps) {
  const { row, node, active } = props;
  const indent = Math.min(row.depth, maxIndents) * indentPx;
  const failed =
    node?.span.status === "error" || (row.kind === "log" && row.log.level === "error") ? "failed" : "";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and names the active row
    <div
      id={props.id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={active}
      aria-expanded={node !== undefined && node.children.length > 0 ? !props.folded : undefined}
      class={`waterfall-row ${row.kind} ${failed} ${active ? "active" : ""}`}
      onClick={props.onSelect}
    >
      <span class="waterfall-name" style={{ paddingInlineStart: `${indent}px` }}>
        {node === undefined ? <Note row={row} /> : <Name {...props} node={node} />}
      </span>
      <span class="waterfall-track">
        {node === undefined ? <Mark at={row.atMs} range={props.range} /> : <Bar {...props} node={node} />}
      </span>
    </div>
  );
}

function Name({ node, folded, onFold }: SpanRowProps & { node: TreeNode }) {
  const { span, children } = node;
  const skew = skewOf(span);
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys of the tree do the same */}
      <span
        role="presentation"
        class={`waterfall-fold ${children.length > 0 ? (folded ? "folded" : "open") : ""}`}
        onClick={(event) => {
          event.stopPropagation();
          onFold();
        }}
      />
      <span class="waterfall-service" style={{ "--hue": hueOf(span.service) }}>
        {span.service}
      </span>
      <span class="waterfall-label" title={labelOf(node)}>
        {labelOf(node)}
      </span>
      {skew !== undefined && (
        <span class="waterfall-skew" title={`Its clock is ${skewText(skew)} its cause's: it was moved`}>
          clock {skew < 0 ? "−" : "+"}
          {formatMs(Math.abs(skew))}
        </span>
      )}
      {folded && <span class="waterfall-count">+{children.length}</span>}
    </>
  );
}

export function skewText(skew: number): string {
  return `${formatMs(Math.abs(skew))} ${skew < 0 ? "behind" : "ahead of"}`;
}

/** A statement says more than its verb and table. */
function labelOf({ span }: TreeNode): string {
  const statement = span.attributes["db.query.text"];
  return typeof statement === "string" ? statement : span.name;
}

function Note({ row }: { row: WaterfallRow }) {
  if (row.kind === "log") {
    return (
      <>
        <span class={`level ${row.log.level}`}>{row.log.level}</span>
        <span class="waterfall-label" title={row.log.message}>
          {row.log.message}
        </span>
      </>
    );
  }
  if (row.kind !== "event") return null;
  const { name, attributes } = row.event;
  const message = attributes["exception.message"];
  const text = typeof message === "string" ? `${name}: ${message}` : name;
  return (
    <>
      <span class="level event">event</span>
      <span class="waterfall-label" title={text}>
        {text}
      </span>
    </>
  );
}

function Bar({ node, range, critical }: SpanRowProps & { node: TreeNode }) {
  const { startMs, durationMs, service, kind } = node.span;
  const left = shareOf(startMs, range);
  const width = shareOf(startMs + durationMs, range) - left;
  const label = formatMs(durationMs);
  // Beside the bar, on the side that has room; within it, where neither has.
  const before = left + width > 0.85;
  const inside = before && left <= 0.12;
  const end = { right: percent(1 - (inside ? left + width : left)) };
  return (
    <>
      <span
        class={`waterfall-span ${kind}`}
        style={{ left: percent(left), width: percent(Math.max(width, 0)), "--hue": hueOf(service) }}
      />
      {critical?.map(({ fromMs, toMs }) => {
        const from = shareOf(fromMs, range);
        const share = shareOf(toMs, range) - from;
        if (share <= 0) return null;
        return (
          <span
            key={fromMs}
            class="waterfall-critical"
            title={`${formatMs(toMs - fromMs)} in which nothing else was waited for`}
            style={{ left: percent(from), width: percent(share) }}
          >
            {share > gapShare && node.children.length > 0 ? (
              <span class="waterfall-gap">{formatMs(toMs - fromMs)}</span>
            ) : null}
          </span>
        );
      })}
      <span
        class={`waterfall-duration ${inside ? "inside" : ""}`}
        style={before ? end : { left: percent(left + width) }}
      >
        {label}
      </span>
    </>
  );
}

function Mark({ at, range }: { at: number; range: TimeRange }) {
  return <span class="waterfall-mark" style={{ left: percent(shareOf(at, range)) }} />;
}

function shareOf(at: number, { fromMs, toMs }: TimeRange): number {
  return Math.max(0, Math.min(1, (at - fromMs) / (toMs - fromMs)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
