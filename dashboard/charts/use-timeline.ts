import { useEffect, useState } from "preact/hooks";
import type { TimelineEntry } from "../../runtime/telemetry/query.ts";
import { api } from "../api.ts";
import { missed, recent } from "../live.ts";
import type { SeriesRange } from "./series-grid.ts";

const limit = 1000;

/** What was done and what happened within the range, oldest first; new entries as they come, and those of meanwhile after a time without a stream. */
export function useTimeline(range: SeriesRange): {
  readonly entries: readonly TimelineEntry[];
  /** Nothing has answered yet. */
  readonly loading: boolean;
  readonly error: unknown;
} {
  const [stored, setStored] = useState<readonly TimelineEntry[]>();
  const [error, setError] = useState<unknown>();
  const key = JSON.stringify(range);
  const times = missed.value;
  useEffect(() => {
    const gone = new AbortController();
    const now = Date.now();
    const { from, to } = "lastMs" in range ? { from: now - range.lastMs, to: now } : range;
    api.timeline({ from, to, limit }, gone.signal).then(
      (found) => {
        setStored(found);
        setError(undefined);
      },
      (cause) => {
        if (!gone.signal.aborted) setError(cause);
      },
    );
    return () => gone.abort();
  }, [key, times]);
  return {
    loading: stored === undefined && error === undefined,
    entries: merged(stored ?? [], recent.value, range),
    error,
  };
}

/** The stored ones and those heard since, each once. */
export function merged(
  stored: readonly TimelineEntry[],
  heard: readonly TimelineEntry[],
  range: SeriesRange,
): TimelineEntry[] {
  const from = "lastMs" in range ? Date.now() - range.lastMs : range.from;
  const to = "lastMs" in range ? Number.POSITIVE_INFINITY : range.to;
  const seen = new Map<string, TimelineEntry>();
  for (const entry of [...stored, ...heard]) {
    if (entry.at >= from && entry.at <= to) seen.set(`${entry.at} ${entry.text}`, entry);
  }
  return [...seen.values()].sort((a, b) => a.at - b.at);
}
