import type { RunToCompare } from "../../comparison/comparison.ts";
import { jsonOf, type TelemetryAnswers } from "../../telemetry/observer/answers.ts";
import type { RunSummary, TimelineEntry } from "../../telemetry/query.ts";
import type { Topology } from "../../topology/model.ts";
import type { RunFacts } from "./model.ts";

/** A run that can be laid beside another: one that goes on, or a recording. */
export interface ComparableRun {
  readonly answers: TelemetryAnswers;
  readonly topology: Topology;
  facts(): RunFacts;
  close(): void;
}

/** The newest of a stretch; the observer answers with no more at once. */
const timelineLimit = "1000";

export function toCompare({ answers, topology, facts }: ComparableRun): RunToCompare {
  const { name, startedAt, to } = facts();
  const stretch = (from: number, end: number) => ({ from: String(from), to: String(end) });
  return {
    name,
    startedAt,
    to,
    topology,
    summary: (from, end) => jsonOf<RunSummary>(answers, "summary", stretch(from, end)),
    timeline: (from, end) =>
      jsonOf<TimelineEntry[]>(answers, "timeline", { ...stretch(from, end), limit: timelineLimit }),
  };
}
