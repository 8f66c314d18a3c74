import type { TraceSummary } from "../../../runtime/telemetry/query.ts";

/** Newest first, each once: the newer word on a trace stands. At most `max`, the oldest are left out. */
export function withOlder(
  newest: readonly TraceSummary[],
  older: readonly TraceSummary[],
  max: number,
): readonly TraceSummary[] {
  if (older.length === 0) return newest;
  const known = new Set(newest.map(({ traceId }) => traceId));
  const all = [...newest, ...older.filter(({ traceId }) => !known.has(traceId))];
  return all.sort((a, b) => b.startMs - a.startMs).slice(0, max);
}
