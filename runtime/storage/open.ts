import { Database } from "bun:sqlite";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import type { Schema } from "../../sdk/service.ts";
import { isBusy, storageError } from "./errors.ts";
import type { SqlTelemetry } from "./sql-telemetry.ts";
import { ReadLock } from "./read-lock.ts";
import { StatementCache } from "./statements.ts";

export interface StorageOptions<S extends Schema> {
  /** Path of the SQLite file, or ":memory:". Its folder is made when missing. */
  readonly file: string;
  readonly schema: S;
  /** `disk`: a commit survives power loss. `process`: it survives this process, not a power loss. Default `disk`. */
  readonly durability?: "disk" | "process";
  /** How long a write waits for another instance's. The event loop stands still meanwhile. Default 5000. */
  readonly busyTimeoutMs?: number;
  /** Page cache in KiB; what is not in it is mostly in the kernel's. Default 4096. */
  readonly cacheKiB?: number;
  /** Prepared statements kept. Default 256. */
  readonly maxStatements?: number;
  /** Measures what runs through drizzle. Default none. */
  readonly telemetry?: SqlTelemetry | undefined;
}

/** A service's database, open. */
export interface Storage<S extends Schema> {
  readonly file: string;
  readonly client: Database;
  readonly db: BunSQLiteDatabase<S>;
  readonly durability: "disk" | "process";
  /** Idempotent. The last instance to close also folds the write-ahead log back into the file. */
  close(): void;
}

/** Rejected file or folder: `data-unwritable`, saying why. */
export function openStorage<S extends Schema>(options: StorageOptions<S>): Storage<S> {
  const { file, schema, durability = "disk", busyTimeoutMs = 5000, cacheKiB = 4096 } = options;
  const maxStatements = options.maxStatements ?? 256;
  atLeast("busyTimeoutMs", busyTimeoutMs, 0);
  atLeast("cacheKiB", cacheKiB, 1);
  atLeast("maxStatements", maxStatements, 1);
  let client: Database | undefined;
  try {
    client = openFile(file);
    configure(client, durability, busyTimeoutMs, cacheKiB);
  } catch (error) {
    client?.close();
    throw storageError(error, file) ?? error;
  }
  const lock = file === ":memory:" ? undefined : new ReadLock(client, file);
  const statements = new StatementCache(client, maxStatements, lock, options.telemetry);
  const db = drizzle(statements.asClient(), { schema });
  db.$client = client;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    // An unfinished statement would keep the file and its log open behind the closed handle.
    statements.clear();
    client.clearQueryCache();
    lock?.close();
    client.close();
  };
  return { file, client, db, durability, close };
}

function openFile(file: string): Database {
  const options = { create: true, readwrite: true, strict: false };
  try {
    return new Database(file, options);
  } catch (error) {
    const folder = file.slice(0, file.lastIndexOf("/") + 1);
    if (folder === "" || file === ":memory:") throw error;
    // Only now, because the supervisor has made the folder already, and loading this takes a service 0.6 MiB.
    process.getBuiltinModule("node:fs").mkdirSync(folder, { recursive: true });
    return new Database(file, options);
  }
}

function configure(client: Database, durability: string, busyTimeoutMs: number, cacheKiB: number): void {
  client.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  useWriteAheadLog(client);
  client.run(`PRAGMA synchronous = ${durability === "disk" ? "FULL" : "NORMAL"}`);
  client.run("PRAGMA foreign_keys = ON");
  client.run(`PRAGMA cache_size = -${cacheKiB}`);
  client.run("PRAGMA temp_store = MEMORY");
  // A log that one long reader let grow is cut back once it has been folded in.
  client.run("PRAGMA journal_size_limit = 67108864");
}

const walAttempts = 100;

/** SQLite does not wait by its busy timeout when several processes turn the log on at the same moment. */
function useWriteAheadLog(client: Database): void {
  for (let attempt = 1; ; attempt++) {
    try {
      client.run("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === walAttempts) throw error;
      Bun.sleepSync(10);
    }
  }
}

/**
 * Runs `work` with commits that need not survive a power loss: for rows that can be made again, such as removing
 * what was sent or renewing a lease. Saves an fsync each. Later durable commits carry these to the disk in order.
 */
export function relaxed<R>(storage: Pick<Storage<Schema>, "client" | "durability">, work: () => R): R {
  const { client, durability } = storage;
  // Inside a transaction the setting cannot change, and the outer commit decides anyway.
  if (durability === "process" || client.inTransaction) return work();
  client.run("PRAGMA synchronous = NORMAL");
  try {
    return work();
  } finally {
    client.run("PRAGMA synchronous = FULL");
  }
}

function atLeast(key: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`${key}: expected a whole number of at least ${least}, got ${value}`);
  }
}
