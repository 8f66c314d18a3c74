import type { LogRecord, SpanEvent } from "../../../runtime/telemetry/model.ts";
import type { TraceTree } from "./tree.ts";

/** A line of the waterfall. Events and logs stand under their span, among its children, where they happened. */
export type WaterfallRow =
  | { readonly kind: "span"; readonly node: number; readonly depth: number; readonly atMs: number }
  | { readonly kind: "event"; readonly event: SpanEvent; readonly depth: number; readonly atMs: number }
  | { readonly kind: "log"; readonly log: LogRecord; readonly depth: number; readonly atMs: number };

export interface RowOptions {
  /** Positions of spans whose children are folded away. */
  readonly folded: ReadonlySet<number>;
  /** Whether events and logs have lines. */
  readonly details: boolean;
}

export function rowsOf(tree: TraceTree, logs: readonly LogRecord[], options: RowOptions): WaterfallRow[] {
  const { nodes } = tree;
  const said = options.details ? logsBySpan(logs) : new Map<string, LogRecord[]>();
  const rows: WaterfallRow[] = [];
  const stack: WaterfallRow[] = [];
  // What no span said, such as a log line without one, stands before everything.
  if (options.details) {
    const spans = new Set(nodes.map(({ span }) => span.spanId));
    for (const log of logs) {
      if (!spans.has(log.spanId ?? "")) rows.push({ kind: "log", log, depth: 0, atMs: log.at });
    }
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { parent, span } = nodes[i]!;
    if (parent < 0) stack.push({ kind: "span", node: i, depth: 0, atMs: span.startMs });
  }
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row);
    if (row.kind !== "span" || options.folded.has(row.node)) continue;
    const inside = insideOf(tree, row.node, row.depth + 1, said, options.details);
    for (let i = inside.length - 1; i >= 0; i--) stack.push(inside[i]!);
  }
  return rows;
}

function insideOf(
  tree: TraceTree,
  at: number,
  depth: number,
  said: ReadonlyMap<string, readonly LogRecord[]>,
  details: boolean,
): WaterfallRow[] {
  const node = tree.nodes[at]!;
  const inside: WaterfallRow[] = node.children.map((child) => ({
    kind: "span",
    node: child,
    depth,
    atMs: tree.nodes[child]!.span.startMs,
  }));
  if (!details) return inside;
  for (const event of node.span.events ?? []) inside.push({ kind: "event", event, depth, atMs: event.at });
  for (const log of said.get(node.span.spanId) ?? []) inside.push({ kind: "log", log, depth, atMs: log.at });
  return inside.sort((a, b) => a.atMs - b.atMs);
}

function logsBySpan(logs: readonly LogRecord[]): Map<string, LogRecord[]> {
  const bySpan = new Map<string, LogRecord[]>();
  for (const log of logs) {
    if (log.spanId === undefined) continue;
    const list = bySpan.get(log.spanId);
    if (list === undefined) bySpan.set(log.spanId, [log]);
    else list.push(log);
  }
  return bySpan;
}
