import type { TraceTree } from "./tree.ts";

/** A stretch of time in which a span itself, and nothing that it waited for, kept the trace from ending. */
export interface CriticalStretch {
  readonly node: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What the trace's duration is made of: from the end backwards, always through the child that ended last (the critical
 * path of Yang and Miller, "Critical Path Analysis for the Execution of Parallel and Distributed Programs", ICDCS 1988).
 * The part of a child beyond its parent's end kept nobody waiting and does not count. Oldest first, without overlap.
 */
export function criticalPath(tree: TraceTree): CriticalStretch[] {
  const { nodes } = tree;
  const stretches: CriticalStretch[] = [];
  const top = nodes.findIndex((node) => node.parent < 0);
  if (top < 0) return stretches;
  const endOf = (node: number) => nodes[node]!.span.startMs + nodes[node]!.span.durationMs;
  const latestFirst = (node: number) => [...nodes[node]!.children].sort((a, b) => endOf(b) - endOf(a));
  const stack = [
    { node: top, fromMs: nodes[top]!.span.startMs, cursor: endOf(top), waiting: latestFirst(top), next: 0 },
  ];
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]!;
    const child = frame.waiting[frame.next++];
    if (child === undefined) {
      const { node, fromMs, cursor } = frame;
      if (cursor > fromMs) stretches.push({ node, fromMs, toMs: cursor });
      stack.pop();
      continue;
    }
    // Clocks disagree: what a child claims beyond its parent does not count, at either end.
    const fromMs = Math.max(frame.fromMs, nodes[child]!.span.startMs);
    const toMs = Math.min(frame.cursor, endOf(child));
    if (toMs <= fromMs) continue;
    if (frame.cursor > toMs) stretches.push({ node: frame.node, fromMs: toMs, toMs: frame.cursor });
    frame.cursor = fromMs;
    stack.push({ node: child, fromMs, cursor: toMs, waiting: latestFirst(child), next: 0 });
  }
  return stretches.reverse();
}
