import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { isSameProcess } from "../supervisor/process-identity.ts";

/** One live run of this user. */
export interface IndexedRun {
  readonly name: string;
  readonly dataDirectory: string;
  readonly pid: number;
  readonly pidStart: string;
}

/**
 * The live runs of one user, a small file each, so that a command finds a run wherever it is called. Holds no secrets:
 * the token stays in the run's own directory.
 */
export class RunIndex {
  readonly directory: string;

  /** Default: `MICROCOSM_RUNS`, else a private folder in the system's temporary directory. */
  constructor(directory: string = process.env.MICROCOSM_RUNS ?? defaultDirectory()) {
    this.directory = directory;
  }

  add(run: IndexedRun): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.#checkOwner();
    const file = this.#file(run.dataDirectory);
    // Renamed into place: a reader sees a whole file or none.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(run), { mode: 0o600 });
    renameSync(draft, file);
  }

  remove(dataDirectory: string): void {
    rmSync(this.#file(dataDirectory), { force: true });
  }

  /** Runs whose process is alive. Entries of those that are gone are deleted on the way. */
  list(): IndexedRun[] {
    if (lstatSync(this.directory, { throwIfNoEntry: false }) === undefined) return [];
    this.#checkOwner();
    const runs: IndexedRun[] = [];
    for (const name of readdirSync(this.directory)) {
      if (!name.endsWith(".json")) continue;
      const file = join(this.directory, name);
      const run = read(file);
      if (run === undefined || !isSameProcess(run.pid, run.pidStart)) rmSync(file, { force: true });
      else runs.push(run);
    }
    return runs;
  }

  #file(dataDirectory: string): string {
    return join(
      this.directory,
      `${createHash("sha256").update(dataDirectory).digest("hex").slice(0, 16)}.json`,
    );
  }

  /** The temporary directory is open to all users: a folder someone else put there could lead commands astray. */
  #checkOwner(): void {
    const stat = lstatSync(this.directory);
    const mine = process.getuid === undefined || stat.uid === process.getuid();
    if (stat.isDirectory() && mine && (stat.mode & 0o022) === 0) return;
    throw new MicrocosmError(
      "data-unwritable",
      `${this.directory} is not a private folder of yours. Set MICROCOSM_RUNS to one that is, or name the run with --data.`,
    );
  }
}

function defaultDirectory(): string {
  return join(tmpdir(), `microcosm-runs-${process.getuid?.() ?? "user"}`);
}

function read(file: string): IndexedRun | undefined {
  try {
    const run = JSON.parse(readFileSync(file, "utf8")) as Partial<IndexedRun>;
    const { name, dataDirectory, pid, pidStart } = run;
    if (typeof name !== "string" || typeof dataDirectory !== "string") return undefined;
    if (typeof pid !== "number" || typeof pidStart !== "string") return undefined;
    return { name, dataDirectory, pid, pidStart };
  } catch {
    return undefined;
  }
}
