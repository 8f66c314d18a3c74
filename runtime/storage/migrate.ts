import type { Database } from "bun:sqlite";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Migration } from "../../sdk/service.ts";
import { isBusy, storageError } from "./errors.ts";
import { systemMigrations } from "./system-tables.ts";

export interface MigrateOptions {
  /** Named in errors. */
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** How long to wait for another instance that migrates. Default 60000. */
  readonly lockTimeoutMs?: number;
  readonly now?: () => number;
}

const retryMs = 20;

/**
 * Applies each migration once, in the order of the names, whichever instance comes first; the others wait without
 * blocking. Each is one transaction together with its row in `microcosm_migrations`. Foreign keys are checked at the
 * end of it rather than on the way, because a table rebuilt in the usual SQLite manner would otherwise cascade.
 *
 * Returns the names it applied. Throws `migration-failed` naming the migration; nothing of that one is in the file.
 */
export async function migrate(client: Database, options: MigrateOptions): Promise<readonly string[]> {
  const { file, now = Date.now } = options;
  const deadline = now() + (options.lockTimeoutMs ?? 60_000);
  const all = [...systemMigrations, ...inOrder(options.migrations)];
  const durability = client.query<{ synchronous: number }, []>("PRAGMA synchronous").get()?.synchronous ?? 2;
  // No fsync for each: a migration lost in a power cut is applied again, and whatever is committed durably after it
  // carries it to the disk first.
  client.run("PRAGMA synchronous = NORMAL");
  try {
    return await applyPending(client, all, file, deadline, now);
  } finally {
    client.run(`PRAGMA synchronous = ${durability}`);
    // Bun keeps twenty queries; those of the migrations are not needed again.
    client.clearQueryCache();
  }
}

async function applyPending(
  client: Database,
  all: readonly Migration[],
  file: string,
  deadline: number,
  now: () => number,
): Promise<readonly string[]> {
  if (pending(client, all, file).length === 0) return [];
  const applied: string[] = [];
  await withLock(client, file, deadline, now, () => {
    client.run(
      "CREATE TABLE IF NOT EXISTS microcosm_migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at INTEGER NOT NULL)",
    );
  });
  for (const migration of all) {
    await withLock(client, file, deadline, now, () => {
      // Looked at again under the lock: another instance may have been quicker.
      if (pending(client, [migration], file).length === 0) return;
      apply(client, migration, now());
      applied.push(migration.name);
    });
  }
  return applied;
}

function inOrder(migrations: readonly Migration[]): Migration[] {
  const sorted = [...migrations].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const [index, { name, sql }] of sorted.entries()) {
    if (sorted[index + 1]?.name === name) {
      throw new MicrocosmError("migration-failed", `Two migrations have the name ${name}`);
    }
    if (typeof sql !== "string") {
      throw new MicrocosmError(
        "migration-failed",
        `${name}: its sql is not text; import it with { type: "text" }`,
      );
    }
  }
  return sorted;
}

function pending(client: Database, migrations: readonly Migration[], file: string): Migration[] {
  const known = client.query("SELECT 1 FROM sqlite_master WHERE name = 'microcosm_migrations'").get();
  if (known === null) return [...migrations];
  const find = client.query<{ hash: string; applied_at: number }, [string]>(
    "SELECT hash, applied_at FROM microcosm_migrations WHERE name = ?",
  );
  return migrations.filter((migration) => {
    const row = find.get(migration.name);
    if (row === null) return true;
    if (row.hash === hashOf(migration.sql)) return false;
    const when = new Date(row.applied_at).toISOString();
    throw new MicrocosmError(
      "migration-failed",
      `${migration.name} has changed since it was applied to ${file} at ${when}. ` +
        "Undo the change and put it into a new migration, or delete the database to begin anew",
    );
  });
}

function apply(client: Database, migration: Migration, at: number): void {
  try {
    if (/[^\s;]/.test(withoutComments(migration.sql))) client.run(migration.sql);
    if (!client.inTransaction)
      throw new Error("it ends the transaction it runs in; leave COMMIT and ROLLBACK out");
    const broken = client
      .query<{ table: string; parent: string }, []>(
        'SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1',
      )
      .get();
    if (broken !== null) {
      throw new Error(`rows of ${broken.table} refer to rows of ${broken.parent} that do not exist`);
    }
    client
      .query("INSERT INTO microcosm_migrations (name, hash, applied_at) VALUES (?, ?, ?)")
      .run(migration.name, hashOf(migration.sql), at);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw (
      storageError(error, migration.name) ??
      new MicrocosmError("migration-failed", `${migration.name}: ${reason}`, { cause: error })
    );
  }
}

/** Runs `work` in `BEGIN IMMEDIATE`, trying for the lock until `deadline` while the event loop stays free. */
async function withLock(
  client: Database,
  file: string,
  deadline: number,
  now: () => number,
  work: () => void,
): Promise<void> {
  // Takes no effect inside a transaction, so it stands before it.
  client.run("PRAGMA foreign_keys = OFF");
  try {
    for (;;) {
      try {
        begin(client);
        break;
      } catch (error) {
        if (!isBusy(error) || now() >= deadline) throw storageError(error, file) ?? error;
        await Bun.sleep(retryMs);
      }
    }
    try {
      work();
      client.run("COMMIT");
    } catch (error) {
      if (client.inTransaction) client.run("ROLLBACK");
      throw storageError(error, file) ?? error;
    }
  } finally {
    client.run("PRAGMA foreign_keys = ON");
  }
}

function begin(client: Database): void {
  const timeout = client.query<{ timeout: number }, []>("PRAGMA busy_timeout").get()?.timeout ?? 0;
  client.run("PRAGMA busy_timeout = 0");
  try {
    client.run("BEGIN IMMEDIATE");
  } finally {
    client.run(`PRAGMA busy_timeout = ${timeout}`);
  }
}

/** Line ends do not count: a checkout on another system must not look like a change. */
function hashOf(sql: string): string {
  return new Bun.CryptoHasher("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex");
}

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*/g, "").replace(/\/\*[\s\S]*?\*\//g, "");
}
