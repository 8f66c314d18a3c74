import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { isSameProcess, processStart } from "./process-identity.ts";
import { RunLock } from "./run-lock.ts";

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the final 0 included. */
const maxSocketPathBytes = 100;
/** How long a worker that outlived its supervisor may take to be gone after SIGKILL. */
const orphanWaitMs = 2000;

export interface RunDirectoryOptions {
  readonly dataDirectory: string;
  /** The longest name a socket will have, without `.sock`. */
  readonly longestName: string;
  /** Monolith mode has no sockets, so it needs no place for them. */
  readonly sockets: boolean;
}

/**
 * The places a run uses: `<data>/run` (lock, control.json, pid files, sockets) and `<data>/logs`. Where the data
 * directory's path is too long for sockets, they are in a private folder under the system's temporary directory.
 */
export class RunDirectory {
  readonly dataDirectory: string;
  readonly path: string;
  readonly logs: string;
  readonly #sockets: string;
  readonly #lock: RunLock;

  private constructor(dataDirectory: string, path: string, logs: string, sockets: string, lock: RunLock) {
    this.dataDirectory = dataDirectory;
    this.path = path;
    this.logs = logs;
    this.#sockets = sockets;
    this.#lock = lock;
  }

  /**
   * Makes the folders, takes the lock and clears away what a crashed run left. Throws `already-running` and
   * `data-unwritable`.
   */
  static async open(options: RunDirectoryOptions): Promise<RunDirectory> {
    const given = resolve(options.dataDirectory);
    try {
      mkdirSync(given, { recursive: true });
      const dataDirectory = realpathSync(given);
      const path = join(dataDirectory, "run");
      const logs = join(dataDirectory, "logs");
      // Sockets, token and pids are nobody else's business.
      mkdirSync(path, { recursive: true, mode: 0o700 });
      mkdirSync(logs, { recursive: true, mode: 0o700 });
      const lock = RunLock.take(path, dataDirectory);
      try {
        const short = shortDirectory(dataDirectory);
        await clear(path, short);
        const fits = Buffer.byteLength(join(path, `${options.longestName}.sock`)) <= maxSocketPathBytes;
        if (!fits && options.sockets) mkdirSync(short, { mode: 0o700 });
        return new RunDirectory(dataDirectory, path, logs, fits ? path : short, lock);
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      throw error instanceof MicrocosmError ? error : unwritable(given, error);
    }
  }

  /** Where the part of that name listens. */
  address(name: string): string {
    const path = join(this.#sockets, `${name}.sock`);
    if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
    return join(this.#sockets, `${hash(name)}.sock`);
  }

  /** Remembers a worker, so that the next run finds it should it outlive this one. */
  notePid(instance: string, pid: number): void {
    try {
      writeFileSync(join(this.path, `${instance}.pid`), `${pid} ${processStart(pid) ?? ""}`, { mode: 0o600 });
    } catch {
      // A full disk must not keep a worker from being restarted; this file is a second net only.
    }
  }

  /** To be called when all workers are gone. Idempotent. */
  async close(): Promise<void> {
    removeFiles(this.path);
    if (this.#sockets !== this.path) rmSync(this.#sockets, { recursive: true, force: true });
    this.#lock.release();
  }
}

function shortDirectory(dataDirectory: string): string {
  return join(tmpdir(), `microcosm-${hash(`${process.getuid?.() ?? ""}:${dataDirectory}`)}`);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

async function clear(path: string, short: string): Promise<void> {
  await killOrphans(path);
  removeFiles(path);
  const stat = lstatSync(short, { throwIfNoEntry: false });
  if (stat === undefined) return;
  // The temporary directory is open to all users: what is not ours is not touched.
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) {
    throw new MicrocosmError(
      "data-unwritable",
      `${short} is needed for sockets and belongs to another user.`,
    );
  }
  rmSync(short, { recursive: true, force: true });
}

function removeFiles(path: string): void {
  for (const file of readdirSync(path)) {
    if (/\.(sock|pid)$/.test(file) || file === "control.json") rmSync(join(path, file), { force: true });
  }
}

/** Workers end with their supervisor by themselves; this is for a system where one was too stuck to. */
async function killOrphans(path: string): Promise<void> {
  const orphans: { readonly pid: number; readonly start: string }[] = [];
  for (const file of readdirSync(path)) {
    if (!file.endsWith(".pid")) continue;
    const [pid, ...start] = readFileSync(join(path, file), "utf8").split(" ");
    const orphan = { pid: Number(pid), start: start.join(" ") };
    if (orphan.start === "" || !isSameProcess(orphan.pid, orphan.start)) continue;
    process.kill(orphan.pid, "SIGKILL");
    orphans.push(orphan);
  }
  const until = Date.now() + orphanWaitMs;
  while (orphans.some(({ pid, start }) => isSameProcess(pid, start)) && Date.now() < until)
    await Bun.sleep(10);
}

/** Says what is wrong with the place in words of its own; the code of the table says what to do. */
export function unwritable(path: string, cause: unknown): MicrocosmError {
  const code = (cause as { code?: string }).code ?? "";
  const why: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EPERM: "not permitted",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    EDQUOT: "your disk quota is used up",
    ENOTDIR: "a part of the path is a file",
    EEXIST: "it is a file",
    SQLITE_FULL: "the disk is full",
    SQLITE_READONLY: "it is read-only",
    SQLITE_CANTOPEN: "a file in it cannot be opened",
  };
  const reason = why[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new MicrocosmError("data-unwritable", `The data directory ${path} cannot be used: ${reason}.`, {
    cause,
  });
}
