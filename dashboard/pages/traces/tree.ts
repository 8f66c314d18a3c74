import type { SpanRecord } from "../../../runtime/telemetry/model.ts";

/** A span in its place. Nodes stand in one array; links are positions in it, -1 for none. */
export interface TreeNode {
  readonly span: SpanRecord;
  readonly parent: number;
  readonly depth: number;
  readonly children: number[];
  /** Its own end, or the end of what it caused, whichever is later. */
  endMs: number;
}

export interface TraceTree {
  /** Depth first, parents before their children, siblings by start. */
  readonly nodes: readonly TreeNode[];
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The tree of a trace. Spans come in any order; one whose parent is not here stands at the top, and so does one member of
 * a ring. Without recursion, for a chain may be 10,000 deep.
 */
export function treeOf(spans: readonly SpanRecord[]): TraceTree {
  const known = new Map(spans.map((span) => [span.spanId, span]));
  const below = new Map<string, SpanRecord[]>();
  const tops: SpanRecord[] = [];
  for (const span of known.values()) {
    const { parentSpanId: parent } = span;
    if (parent === undefined || parent === span.spanId || !known.has(parent)) {
      tops.push(span);
      continue;
    }
    const siblings = below.get(parent);
    if (siblings === undefined) below.set(parent, [span]);
    else siblings.push(span);
  }
  const nodes: TreeNode[] = [];
  const seen = new Set<string>();
  const stack: { span: SpanRecord; parent: number }[] = [];
  const walk = () => {
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, parent } = next;
      if (seen.has(span.spanId)) continue;
      seen.add(span.spanId);
      const depth = parent < 0 ? 0 : nodes[parent]!.depth + 1;
      const at = nodes.push({ span, parent, depth, children: [], endMs: span.startMs + span.durationMs }) - 1;
      if (parent >= 0) nodes[parent]!.children.push(at);
      const children = below.get(span.spanId) ?? [];
      children.sort(byStart);
      for (let i = children.length - 1; i >= 0; i--) stack.push({ span: children[i]!, parent: at });
    }
  };
  for (const top of tops.sort(byStart)) {
    stack.push({ span: top, parent: -1 });
    walk();
  }
  for (const span of known.values()) {
    if (seen.has(span.spanId)) continue;
    stack.push({ span, parent: -1 });
    walk();
  }
  return { nodes, ...extentOf(nodes) };
}

function extentOf(nodes: readonly TreeNode[]): { startMs: number; endMs: number } {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = 0;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    startMs = Math.min(startMs, node.span.startMs);
    endMs = Math.max(endMs, node.endMs);
    const parent = nodes[node.parent];
    if (parent !== undefined) parent.endMs = Math.max(parent.endMs, node.endMs);
  }
  return nodes.length === 0 ? { startMs: 0, endMs: 0 } : { startMs, endMs };
}

function byStart(a: SpanRecord, b: SpanRecord): number {
  return a.startMs - b.startMs;
}
