import type { Comparison } from "../../comparison/comparison.ts";

/**
 * Runs that can be laid side by side in one dashboard: the one it shows, and recordings that were opened beside it.
 *
 * | request | answer |
 * | --- | --- |
 * | GET /api/runs | RunFacts[], the dashboard's own first |
 * | GET /api/runs/compare?a=&b=&fromMs=&toMs= | Comparison; times are after each run's start |
 * | GET /api/runs/:id/series?SeriesQuery | Series[] of that run |
 * | POST /api/runs/uploads {name, bytes} | {upload}: a recording will be sent, in parts of at most 8 MiB |
 * | PUT /api/runs/uploads/:upload?offset= | {received}; with the last part RunFacts, or `recording-invalid` |
 * | DELETE /api/runs/:id | {}: closes a recording that was opened beside |
 * | GET /api/export | this run as a recording |
 */
export interface RunFacts {
  /** `current`, or that of an opened recording. */
  readonly id: string;
  readonly name: string;
  /** Absent for a run that goes on. */
  readonly file?: string;
  readonly live: boolean;
  readonly startedAt: number;
  /** Its end, or the export; of one that goes on, now. */
  readonly to: number;
  /** Known where the run had ended when it was recorded. */
  readonly endedAt?: number;
  readonly mode: "processes" | "monolith";
  readonly versions: { readonly microcosm: string; readonly bun: string };
  readonly machine?: string;
}

export type { Comparison };

export const currentRun = "current";
/** Of one part of a recording that is sent. */
export const uploadPartBytes = 8 * 1024 * 1024;
