import { existsSync, renameSync, rmSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { findRun, type FoundRun } from "../runtime/control/discovery.ts";
import { recordingName } from "../runtime/control/routes/export.ts";
import { type Export, exportRun } from "../runtime/recording/export.ts";
import type { RecordingHeader } from "../runtime/recording/format.ts";
import { unwritable } from "../runtime/supervisor/run-directory.ts";
import type { ObserverStats } from "../runtime/telemetry/query.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { interrupted } from "./interrupt.ts";
import { bytes, duration, print, printJson } from "./output.ts";

export interface ExportCommandOptions extends RunOptions {
  /** `-` for standard output. */
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const stdout = "-";

/** Writes a run, going on or ended, into one file. */
export async function exportCommand(options: ExportCommandOptions): Promise<number> {
  const signal = interrupted();
  try {
    const written = await writeRecording(options, signal);
    if (written !== undefined) tell(written, options);
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
}

interface Written {
  readonly header: RecordingHeader;
  readonly file: string;
  readonly size: number;
}

/** Undefined when it went to standard output. */
export async function writeRecording(
  options: ExportCommandOptions,
  signal: AbortSignal,
): Promise<Written | undefined> {
  const live = await liveRun(options);
  const dataDirectory = live?.dataDirectory ?? resolve(options.data ?? ".microcosm");
  if (live !== undefined) await settle(live);
  // The run's own work comes first.
  setPriority(constants.priority.PRIORITY_LOW);
  const now = Date.now();
  const target =
    options.output === stdout ? undefined : resolve(options.output ?? `${await nameOf(dataDirectory, now)}`);
  if (target !== undefined && existsSync(target) && options.force !== true) {
    throw new MicrocosmError("bad-request", `${target} is there already: --force replaces it.`);
  }
  const made = exportRun({
    dataDirectory,
    live: live !== undefined,
    scratchDirectory: target === undefined ? tmpdir() : dirname(target),
    now,
    signal,
  });
  try {
    if (target !== undefined)
      return { header: made.header, file: target, size: await toFile(made, target, signal) };
    await toStdout(made, signal);
    return undefined;
  } finally {
    made.close();
  }
}

/** The one that is named, or the only one there is; undefined when it has ended. */
async function liveRun(options: RunOptions): Promise<FoundRun | undefined> {
  try {
    return await findRun(options.data === undefined ? {} : { dataDirectory: options.data });
  } catch (error) {
    if (error instanceof MicrocosmError && error.code === "not-running") return undefined;
    throw error;
  }
}

async function settle(run: FoundRun): Promise<void> {
  try {
    await new ControlClient(run.url, run.token).post<ObserverStats>("/api/telemetry/settle");
  } catch (error) {
    // Its observer restarts, or telemetry is off: what is in the file is exported, or the reason told, all the same.
    if (!(error instanceof MicrocosmError)) throw error;
  }
}

async function nameOf(dataDirectory: string, now: number): Promise<string> {
  const { readRunRecord } = await import("../runtime/recording/run-record.ts");
  return recordingName(readRunRecord(dataDirectory)?.name ?? "run", new Date(now));
}

async function toFile(made: Export, target: string, signal: AbortSignal): Promise<number> {
  const draft = `${target}.part`;
  let size = 0;
  try {
    const sink = Bun.file(draft).writer();
    for await (const chunk of made.bytes) {
      signal.throwIfAborted();
      sink.write(chunk);
      size += chunk.length;
      await sink.flush();
    }
    await sink.end();
    renameSync(draft, target);
    return size;
  } catch (error) {
    rmSync(draft, { force: true });
    throw signal.aborted || error instanceof MicrocosmError ? error : unwritable(target, error);
  }
}

async function toStdout(made: Export, signal: AbortSignal): Promise<void> {
  for await (const chunk of made.bytes) {
    signal.throwIfAborted();
    if (!process.stdout.write(chunk)) await new Promise((drained) => process.stdout.once("drain", drained));
  }
}

function tell({ header, file, size }: Written, options: ExportCommandOptions): void {
  const { name, startedAt, to } = header;
  if (options.json === true) printJson({ file, bytes: size, name, startedAt, to });
  else {
    print(`✓ ${name}, ${duration(to - startedAt)} from ${new Date(startedAt).toISOString()}`);
    print(`  ${file} (${bytes(size)})`);
    print(`  microcosm open ${file}`);
  }
}
