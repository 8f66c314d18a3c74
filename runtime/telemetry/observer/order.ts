import { clockSkew } from "../clock-skew.ts";
import type { SpanRecord } from "../model.ts";
import { rootOf } from "./summary.ts";

/** Clocks of one machine agree better than this. */
const toleranceMs = 1;

export interface OrderedSpans {
  /** Parents before their children, siblings by start. */
  readonly spans: readonly SpanRecord[];
  /** Spans whose parent is not here, the trace's own beginning not counted. */
  readonly orphans: number;
  /** Spans moved because their process's clock disagrees with its caller's. */
  readonly skewed: number;
}

/** The tree of a trace, as a list. Ids that form a ring are no tree: its members follow at the end, as orphans. */
export function orderSpans(spans: readonly SpanRecord[]): OrderedSpans {
  if (spans.length === 0) return { spans: [], orphans: 0, skewed: 0 };
  const root = rootOf(spans);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map<string, SpanRecord[]>();
  const tops: SpanRecord[] = [];
  for (const span of spans) {
    const parent = span.parentSpanId;
    if (parent === undefined || !byId.has(parent)) tops.push(span);
    else append(children, parent, span);
  }
  const walk = new Walk(children);
  for (const top of tops.sort(byStart)) walk.from(top);
  const inTree = walk.spans.length;
  for (const span of spans) if (!walk.seen.has(span.spanId)) walk.from(span);
  const parentless = tops.filter((span) => span.parentSpanId !== undefined && span !== root).length;
  return {
    spans: walk.spans,
    orphans: parentless + (walk.spans.length - inTree),
    skewed: walk.skewed,
  };
}

/** Whether a parent is missing, by the same rule but without the tree: each trace is looked at when it is written. */
export function lacksParent(spans: readonly SpanRecord[]): boolean {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const parentless = spans.filter(
    ({ parentSpanId }) => parentSpanId !== undefined && !known.has(parentSpanId),
  );
  return parentless.length > 0 && (parentless.length > 1 || parentless[0] !== rootOf(spans));
}

/** Whether a process's clock disagrees with its caller's, by the same rule but without the tree. */
export function clocksDisagree(spans: readonly SpanRecord[]): boolean {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.some((span) => {
    const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId);
    return parent !== undefined && shiftOf(span, parent, 0) !== 0;
  });
}

class Walk {
  readonly spans: SpanRecord[] = [];
  readonly seen = new Set<string>();
  skewed = 0;
  readonly #children: ReadonlyMap<string, SpanRecord[]>;

  constructor(children: ReadonlyMap<string, SpanRecord[]>) {
    this.#children = children;
  }

  /** Depth first, with a stack of its own: a chain of 10,000 calls would overflow the machine's. */
  from(top: SpanRecord): void {
    const stack: {
      readonly span: SpanRecord;
      readonly parent: SpanRecord | undefined;
      readonly shift: number;
    }[] = [{ span: top, parent: undefined, shift: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, parent } = next;
      if (this.seen.has(span.spanId)) continue;
      this.seen.add(span.spanId);
      const shift = parent === undefined ? 0 : shiftOf(span, parent, next.shift);
      if (shift !== 0) this.skewed++;
      const placed =
        shift === 0
          ? span
          : {
              ...span,
              startMs: span.startMs + shift,
              attributes: { ...span.attributes, [clockSkew]: -shift },
              ...(span.events === undefined
                ? {}
                : { events: span.events.map((event) => ({ ...event, at: event.at + shift })) }),
            };
      this.spans.push(placed);
      const below = this.#children.get(span.spanId) ?? [];
      for (const child of below.sort((a, b) => byStart(b, a)))
        stack.push({ span: child, parent: placed, shift });
    }
  }
}

/**
 * How far a span must be moved so that the answer of a call lies within the call, by the rule of Jaeger's clock skew
 * adjuster: the network takes as long either way. Of other work only one thing is known, that nothing begins before what
 * caused it. What follows in the same instance moves along.
 */
function shiftOf(span: SpanRecord, parent: SpanRecord, inherited: number): number {
  if (span.instance === parent.instance) return inherited;
  const early = parent.startMs - span.startMs;
  if (span.kind !== "server" || parent.kind !== "client") return early > toleranceMs ? early : 0;
  const late = span.startMs - (parent.startMs + parent.durationMs);
  if (early <= toleranceMs && late <= toleranceMs) return 0;
  const room = Math.max(0, parent.durationMs - span.durationMs);
  return parent.startMs + room / 2 - span.startMs;
}

function byStart(a: SpanRecord, b: SpanRecord): number {
  return a.startMs - b.startMs;
}

function append(map: Map<string, SpanRecord[]>, key: string, span: SpanRecord): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [span]);
  else list.push(span);
}
