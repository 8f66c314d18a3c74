import type { RunSummary, TimelineEntry } from "../telemetry/query.ts";
import type { Topology } from "../topology/model.ts";
import { type ComparedRow, compareSummaries } from "./compare.ts";
import { type TopologyChange, topologyDiff } from "./topology-diff.ts";

/** One of two runs that are laid side by side. */
export interface RunToCompare {
  readonly name: string;
  readonly startedAt: number;
  /** Its end; of one that goes on, now. */
  readonly to: number;
  readonly topology: Topology;
  readonly summary: (from: number, to: number) => Promise<RunSummary>;
  readonly timeline: (from: number, to: number) => Promise<readonly TimelineEntry[]>;
}

/** Milliseconds after each run's own start, so that both are looked at in the same stretch of their lives. */
export interface Stretch {
  readonly fromMs: number;
  /** Absent: each to its end. */
  readonly toMs?: number | undefined;
}

export interface ComparedRun {
  readonly name: string;
  readonly startedAt: number;
  /** Of the whole run. */
  readonly durationMs: number;
  /** What was looked at, after the start. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `at` is after the start. */
  readonly timeline: readonly TimelineEntry[];
}

export interface Comparison {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  /** What changed most comes first. */
  readonly rows: readonly ComparedRow[];
  readonly topology: readonly TopologyChange[];
}

/** Rejects with what a run answers. */
export async function compareRuns(a: RunToCompare, b: RunToCompare, stretch: Stretch): Promise<Comparison> {
  const [left, right] = await Promise.all([look(a, stretch), look(b, stretch)]);
  return {
    a: left.run,
    b: right.run,
    rows: compareSummaries(left.summary, right.summary),
    topology: topologyDiff(a.topology, b.topology),
  };
}

async function look(run: RunToCompare, stretch: Stretch): Promise<{ run: ComparedRun; summary: RunSummary }> {
  const { name, startedAt } = run;
  const durationMs = run.to - startedAt;
  // A stretch beyond the end of a short run still has a length.
  const fromMs = Math.min(stretch.fromMs, Math.max(0, durationMs - 1));
  const toMs = Math.max(fromMs + 1, Math.min(stretch.toMs ?? durationMs, durationMs));
  const [summary, entries] = await Promise.all([
    run.summary(startedAt + fromMs, startedAt + toMs),
    run.timeline(startedAt + fromMs, startedAt + toMs),
  ]);
  const timeline = entries.map((entry) => ({ ...entry, at: entry.at - startedAt }));
  return { run: { name, startedAt, durationMs, fromMs, toMs, timeline }, summary };
}
