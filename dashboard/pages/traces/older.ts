import type { ListedTrace } from "../../../runtime/telemetry/query.ts";

/** Newest first, each once: the newer word on a trace stands. At most `max`, the oldest are left out. */
export function withOlder(
  newest: readonly ListedTrace[],
  older: readonly ListedTrace[],
  max: number,
): readonly ListedTrace[] {
  if (older.length === 0) return newest;
  const known = new Set(newest.map(({ traceId }) => traceId));
  const all = [...newest, ...older.filter(({ traceId }) => !known.has(traceId))];
  return all.sort((a, b) => b.startMs - a.startMs).slice(0, max);
}

/** Where the next page begins: the first written, which need not be the one that began first. */
export function firstWritten(traces: readonly ListedTrace[]): number | undefined {
  return traces.length === 0 ? undefined : traces.reduce((least, { id }) => Math.min(least, id), Infinity);
}
