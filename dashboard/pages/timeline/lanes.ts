import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly state: string;
}

/** One instance's states over time, in order and without gaps from its first to its last. */
export interface Lane {
  readonly instance: string;
  readonly spans: readonly Span[];
}

/**
 * What each instance was in between `from` and `to`. Its state before the first change that is told is the one which that
 * change left; an instance without any change in this time is not told of, and has no lane.
 */
export function lanesOf(entries: readonly TimelineEntry[], from: number, to: number): Lane[] {
  const lanes = new Map<string, Span[]>();
  for (const { at, kind, instance, detail } of entries) {
    if (kind !== "state" || instance === undefined || at > to) continue;
    const state = String(detail?.to ?? "");
    const before = String(detail?.from ?? "");
    let spans = lanes.get(instance);
    if (spans === undefined) {
      spans = before === "" ? [] : [{ from, to, state: before }];
      lanes.set(instance, spans);
    }
    const last = spans.at(-1);
    if (last !== undefined) spans[spans.length - 1] = { ...last, to: at };
    if (state !== "removed") spans.push({ from: at, to, state });
  }
  return [...lanes]
    .map(([instance, spans]) => ({ instance, spans: spans.filter((span) => span.to > span.from) }))
    .filter(({ spans }) => spans.length > 0)
    .sort((a, b) => a.instance.localeCompare(b.instance, "en", { numeric: true }));
}
