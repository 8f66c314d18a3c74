import type { SpanRecord } from "../../../runtime/telemetry/model.ts";
import { type TraceTree, treeOf } from "./tree.ts";

/** A step that one trace took, the other, or both. */
export interface ComparedStep {
  readonly depth: number;
  readonly name: string;
  readonly service: string;
  readonly left?: SpanRecord;
  readonly right?: SpanRecord;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  readonly depth: number;
}

/**
 * Two traces step by step. Spans belong together when their parents do, and they are the n-th of the same name, kind and
 * service among their siblings; what only one trace has stands where it would be.
 */
export function compareTraces(left: readonly SpanRecord[], right: readonly SpanRecord[]): ComparedStep[] {
  const a = treeOf(left);
  const b = treeOf(right);
  const steps: ComparedStep[] = [];
  const stack = match(a, topsOf(a), b, topsOf(b), 0).reverse();
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    const ours = a.nodes[pair.left];
    const theirs = b.nodes[pair.right];
    const span = (ours ?? theirs)!.span;
    steps.push({
      depth: pair.depth,
      name: span.name,
      service: span.service,
      ...(ours && { left: ours.span }),
      ...(theirs && { right: theirs.span }),
    });
    const below = match(a, ours?.children ?? [], b, theirs?.children ?? [], pair.depth + 1);
    for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]!);
  }
  return steps;
}

function topsOf(tree: TraceTree): number[] {
  return tree.nodes.flatMap((node, at) => (node.parent < 0 ? [at] : []));
}

function match(
  a: TraceTree,
  left: readonly number[],
  b: TraceTree,
  right: readonly number[],
  depth: number,
): Pair[] {
  const waiting = new Map<string, number[]>();
  for (const at of right) {
    const key = keyOf(b.nodes[at]!.span);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [at]);
    else list.push(at);
  }
  const pairs: Pair[] = left.map((at) => {
    const other = waiting.get(keyOf(a.nodes[at]!.span))?.shift() ?? -1;
    return { left: at, right: other, depth };
  });
  const only = [...waiting.values()].flat().map((at) => ({ left: -1, right: at, depth }));
  return [...pairs, ...only];
}

function keyOf(span: SpanRecord): string {
  return `${span.service}\n${span.kind}\n${span.name}`;
}
