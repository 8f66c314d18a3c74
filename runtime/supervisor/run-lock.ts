import { Database } from "bun:sqlite";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { isSameProcess, processStart } from "./process-identity.ts";

/** Who has the lock, for the one who is refused. */
export interface RunHolder {
  readonly pid: number;
  readonly pidStart: string;
}

const holderWaitMs = 200;

/**
 * One run per data directory. The lock is SQLite's exclusive lock on `<run>/lock`: the kernel holds it for the process and
 * lets go when the process ends, however it ends, so it can be neither stale nor stolen, and taking it is atomic. Beside it
 * `holder.json` says who; that file may be stale and is believed only while the lock is taken.
 */
export class RunLock {
  readonly #database: Database;
  readonly #holderFile: string;

  private constructor(database: Database, holderFile: string) {
    this.#database = database;
    this.#holderFile = holderFile;
  }

  /** Throws `already-running` with the other run's pid. `runDirectory` must exist. */
  static take(runDirectory: string, dataDirectory: string): RunLock {
    const holderFile = join(runDirectory, "holder.json");
    const database = new Database(join(runDirectory, "lock"), { create: true });
    try {
      // Nothing is ever written to it, so a journal file beside it would be litter.
      database.run("PRAGMA journal_mode = MEMORY");
      database.run("BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
      throw alreadyRunning(dataDirectory, holderFile, error);
    }
    try {
      const holder: RunHolder = { pid: process.pid, pidStart: processStart(process.pid) ?? "" };
      writeFileSync(holderFile, JSON.stringify(holder), { mode: 0o600 });
      return new RunLock(database, holderFile);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Idempotent. The lock's file stays: were it deleted, one who has it open and one who makes it anew could both win. */
  release(): void {
    rmSync(this.#holderFile, { force: true });
    this.#database.close();
  }
}

function alreadyRunning(dataDirectory: string, holderFile: string, cause: unknown): MicrocosmError {
  // The other one may have the lock for a moment and not have written its name yet.
  const until = Date.now() + holderWaitMs;
  let holder = readHolder(holderFile);
  while (holder === undefined && Date.now() < until) {
    Bun.sleepSync(10);
    holder = readHolder(holderFile);
  }
  const who = holder === undefined ? "another process" : `the process with pid ${holder.pid}`;
  return new MicrocosmError("already-running", `${dataDirectory} is in use by ${who}.`, { cause });
}

/** Undefined when there is none, or only one of a run that is gone. */
function readHolder(file: string): RunHolder | undefined {
  try {
    const { pid, pidStart } = JSON.parse(readFileSync(file, "utf8")) as Partial<RunHolder>;
    if (typeof pid !== "number" || typeof pidStart !== "string") return undefined;
    return isSameProcess(pid, pidStart) ? { pid, pidStart } : undefined;
  } catch {
    return undefined;
  }
}
