import { useMemo, useState } from "preact/hooks";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { VirtualList } from "../../list/virtual-list.tsx";
import { formatMs } from "../format.ts";
import { type CriticalStretch, criticalPath } from "./critical-path.ts";
import { rowsOf, type WaterfallRow } from "./rows.ts";
import { SpanRow } from "./span-row.tsx";
import { treeOf } from "./tree.ts";

export interface WaterfallProps {
  readonly trace: TraceDetail;
  readonly selected: WaterfallRow | undefined;
  readonly onSelect: (row: WaterfallRow) => void;
}

/** Part of the trace's time, in milliseconds since the epoch. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const rowHeight = 28;
const ticks = 5;
const pageRows = 20;

const sameRow = (a: WaterfallRow, b: WaterfallRow | undefined) =>
  b !== undefined &&
  a.kind === b.kind &&
  a.atMs === b.atMs &&
  (a.kind === "span" && b.kind === "span" ? a.node === b.node : true) &&
  (a.kind === "log" && b.kind === "log" ? a.log === b.log : true) &&
  (a.kind === "event" && b.kind === "event" ? a.event === b.event : true);

/** A trace over time. Only the rows in sight are in the page: 10,000 spans open as fast as ten. */
export function Waterfall({ trace, selected, onSelect }: WaterfallProps) {
  const tree = useMemo(() => treeOf(trace.spans), [trace]);
  const critical = useMemo(() => byNode(criticalPath(tree)), [tree]);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [details, setDetails] = useState(true);
  const [zoom, setZoom] = useState<TimeRange | undefined>();
  const rows = useMemo(() => rowsOf(tree, trace.logs, { folded, details }), [tree, trace, folded, details]);
  const active = useMemo(() => rows.findIndex((row) => sameRow(row, selected)), [rows, selected]);
  const range = zoom ?? { fromMs: tree.startMs, toMs: Math.max(tree.endMs, tree.startMs + 0.001) };

  const fold = (node: number, closed: boolean) => {
    const next = new Set(folded);
    if (closed) next.add(node);
    else next.delete(node);
    setFolded(next);
  };
  const select = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row !== undefined) onSelect(row);
  };
  const pressed = (event: KeyboardEvent) => {
    const row = rows[active];
    const move = moves[event.key];
    if (move !== undefined) select(move(active, rows.length));
    else if (event.key === "e") select(nextError(rows, tree.nodes, active));
    else if (row?.kind !== "span") return;
    else if (event.key === "ArrowRight") fold(row.node, false);
    else if (event.key === "ArrowLeft") {
      const { children, parent } = tree.nodes[row.node]!;
      if (children.length > 0 && !folded.has(row.node)) fold(row.node, true);
      else select(rows.findIndex((one) => one.kind === "span" && one.node === parent));
    } else if (event.key === "z")
      setZoom(zoom === undefined ? rangeOf(tree.nodes[row.node]!.span) : undefined);
    else return;
    event.preventDefault();
  };

  const chosen = rows[active];
  return (
    <div class="waterfall">
      <div class="waterfall-bar">
        <button
          type="button"
          class="button small"
          aria-pressed={details}
          onClick={() => setDetails(!details)}
        >
          Events and logs
        </button>
        <button
          type="button"
          class="button small"
          disabled={folded.size === 0}
          onClick={() => setFolded(new Set())}
        >
          Unfold all
        </button>
        <button
          type="button"
          class="button small"
          disabled={zoom === undefined && chosen?.kind !== "span"}
          onClick={() => {
            if (zoom !== undefined) setZoom(undefined);
            else if (chosen?.kind === "span") setZoom(rangeOf(tree.nodes[chosen.node]!.span));
          }}
        >
          {zoom === undefined ? "Zoom to span" : "Whole trace"}
        </button>
        <span class="waterfall-hint">
          <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>←</kbd> <kbd>→</kbd> fold, <kbd>e</kbd> next error,{" "}
          <kbd>z</kbd> zoom
        </span>
      </div>
      <div class="waterfall-ruler" aria-hidden="true">
        <span>Span</span>
        <span class="waterfall-ticks">
          {Array.from({ length: ticks }, (_, i) => {
            const share = i / (ticks - 1);
            const at = range.fromMs - tree.startMs + share * (range.toMs - range.fromMs);
            return <span key={i}>{formatMs(at)}</span>;
          })}
        </span>
      </div>
      <VirtualList
        items={rows}
        rowHeight={rowHeight}
        label={`Spans of ${trace.summary.name}`}
        role="tree"
        class="waterfall-rows"
        activeId={active < 0 ? undefined : `row-${active}`}
        shown={active < 0 ? undefined : active}
        onKeyDown={pressed}
      >
        {(row, index) => (
          <SpanRow
            key={index}
            id={`row-${index}`}
            row={row}
            node={row.kind === "span" ? tree.nodes[row.node] : undefined}
            folded={row.kind === "span" && folded.has(row.node)}
            active={index === active}
            range={range}
            critical={row.kind === "span" ? critical.get(row.node) : undefined}
            onSelect={() => onSelect(row)}
            onFold={() => row.kind === "span" && fold(row.node, !folded.has(row.node))}
          />
        )}
      </VirtualList>
    </div>
  );
}

const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at) => at + pageRows,
  PageUp: (at) => at - pageRows,
  Home: () => 0,
  End: (_, count) => count - 1,
};

function nextError(
  rows: readonly WaterfallRow[],
  nodes: ReturnType<typeof treeOf>["nodes"],
  from: number,
): number {
  const isError = (row: WaterfallRow | undefined) =>
    (row?.kind === "span" && nodes[row.node]!.span.status === "error") ||
    (row?.kind === "log" && row.log.level === "error");
  for (let step = 1; step <= rows.length; step++) {
    const at = (Math.max(0, from) + step) % rows.length;
    if (isError(rows[at])) return at;
  }
  return from;
}

function rangeOf({ startMs, durationMs }: { startMs: number; durationMs: number }): TimeRange {
  return { fromMs: startMs, toMs: startMs + Math.max(durationMs, 0.001) };
}

function byNode(path: readonly CriticalStretch[]): Map<number, CriticalStretch[]> {
  const map = new Map<number, CriticalStretch[]>();
  for (const stretch of path) {
    const list = map.get(stretch.node);
    if (list === undefined) map.set(stretch.node, [stretch]);
    else list.push(stretch);
  }
  return map;
}
