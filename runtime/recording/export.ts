import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { Archive } from "../telemetry/observer/archive.ts";
import type { RecordingHeader } from "./format.ts";
import { pack } from "./pack.ts";
import { readRunRecord, type RunRecord } from "./run-record.ts";
import { snapshot } from "./snapshot.ts";

export interface ExportOptions {
  /** Of the run, which may go on or have ended. */
  readonly dataDirectory: string;
  /** The run goes on; its observer has been asked to settle. */
  readonly live: boolean;
  /** Has room for a copy of the observer's file. */
  readonly scratchDirectory: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

export interface Export {
  readonly header: RecordingHeader;
  /** The recording, made as fast as it is taken. */
  readonly bytes: AsyncGenerator<Uint8Array>;
  /** Deletes the copy. Idempotent. */
  close(): void;
}

/**
 * One run as a recording. Copying is done in steps that hold this process for seconds at the most, so it is for a process of
 * its own: `microcosm export`. Throws `not-found`, `data-unwritable`.
 */
export function exportRun(options: ExportOptions): Export {
  const { dataDirectory, scratchDirectory, signal } = options;
  const record = readRunRecord(dataDirectory);
  const source = join(dataDirectory, "observer.sqlite");
  if (record === undefined || !existsSync(source)) {
    const off = record?.topology.telemetry?.enabled === false;
    const why = off ? "its telemetry is off (telemetry.enabled: false)" : "no run has left telemetry there";
    throw new MicrocosmError("not-found", `There is nothing to export in ${dataDirectory}: ${why}.`);
  }
  const folder = scratch(scratchDirectory);
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "observer.sqlite");
    const dropped = snapshot(source, copy, record.startedAt, signal);
    const header = headerOf(record, copy, dropped, options);
    return { header, bytes: pack(header, copy), close };
  } catch (cause) {
    close();
    if (cause instanceof MicrocosmError || signal.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MicrocosmError("data-unwritable", `${source} cannot be copied to ${folder}: ${why}.`, {
      cause,
    });
  }
}

function scratch(directory: string): string {
  try {
    return mkdtempSync(join(directory, ".microcosm-export-"));
  } catch (cause) {
    throw new MicrocosmError("data-unwritable", `${directory} cannot be written: ${cause}.`, { cause });
  }
}

function headerOf(
  record: RunRecord,
  copy: string,
  dropped: Readonly<Record<string, number>>,
  { live, now }: ExportOptions,
): RecordingHeader {
  const endedAt = live ? undefined : record.endedAt;
  const to = live ? now : (endedAt ?? lastMoment(copy, record.startedAt));
  const { name, mode, startedAt, versions, machine, topology } = record;
  return {
    name,
    mode,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    exportedAt: now,
    to: Math.max(to, startedAt + 1),
    versions,
    machine,
    topology,
    dropped,
    databaseBytes: statSync(copy).size,
  };
}

/** Nobody noted the end of a run that crashed: its last sign of life. */
function lastMoment(copy: string, startedAt: number): number {
  const archive = new Archive({ file: copy, now: startedAt });
  try {
    const { traces, logs, metrics, timeline } = archive.store;
    return Math.max(
      startedAt,
      traces.list({ limit: 1 })[0]?.startMs ?? 0,
      logs.list({ limit: 1 })[0]?.at ?? 0,
      timeline.list({ limit: 1 })[0]?.at ?? 0,
      metrics.newest() ?? 0,
    );
  } finally {
    archive.close();
  }
}
