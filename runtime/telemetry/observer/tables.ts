import { Database } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** A file of another version is begun anew: telemetry is no data of the user's. Recordings carry it too (format.ts). */
export const schemaVersion = 2;

/**
 * `traces` is narrow, because lists scan it; the spans lie beside it, compressed. Both full-text tables keep no text of
 * their own. Points have one table a tier, in order of series and time, so that a chart is one range read a series.
 */
const tables = `
CREATE TABLE traces (
  id INTEGER PRIMARY KEY, trace BLOB NOT NULL UNIQUE, start REAL NOT NULL, duration REAL NOT NULL, error INTEGER NOT NULL,
  spans INTEGER NOT NULL, errors INTEGER NOT NULL, name TEXT NOT NULL, service TEXT NOT NULL, services TEXT NOT NULL,
  http INTEGER
);
CREATE INDEX traces_start ON traces (start);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, bytes INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunks_trace ON chunks (trace, bytes);
CREATE VIRTUAL TABLE terms USING fts5(term, content='', contentless_delete=1, detail='none', tokenize='ascii');
CREATE TABLE logs (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, level INTEGER NOT NULL, service TEXT NOT NULL, instance TEXT NOT NULL,
  trace BLOB, span BLOB, message TEXT NOT NULL, fields TEXT, bytes INTEGER NOT NULL
);
CREATE INDEX logs_trace ON logs (trace) WHERE trace IS NOT NULL;
CREATE VIRTUAL TABLE words USING fts5(message, fields, marks, content='', contentless_delete=1, tokenize='unicode61');
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL, labels TEXT NOT NULL);
CREATE TABLE timeline (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, service TEXT, instance TEXT, detail TEXT
);
CREATE INDEX timeline_at ON timeline (at);
`;

export function pointsTable(stepMs: number): string {
  return `points_${stepMs}`;
}

/** Opens the observer's file; one that is damaged, or of another version, is replaced by an empty one. */
export function openTables(file: string, steps: readonly number[]): Database {
  if (file === ":memory:") return open(file, steps);
  mkdirSync(dirname(file), { recursive: true });
  try {
    return open(file, steps);
  } catch (error) {
    if (!isUnusable(error)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    return open(file, steps);
  }
}

/** Of a recording: nothing is written, and a view or trigger that somebody put into it is not run. Throws when it is not ours. */
export function openToRead(file: string): Database {
  const db = new Database(file, { readonly: true });
  try {
    db.run("PRAGMA trusted_schema = OFF");
    db.run("PRAGMA query_only = ON");
    db.run("PRAGMA cache_size = -16384");
    const { user_version: found } = db.query("PRAGMA user_version").get() as { user_version: number };
    if (found !== schemaVersion) throw new OtherVersion(`its tables are of version ${found}`);
    const odd = db.query("SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index')").get();
    if (odd !== null) throw new Error("it holds more than tables");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The tables of metric points that a file has, finest first. */
export function pointTables(db: Database): { readonly table: string; readonly stepMs: number }[] {
  const rows = db.query("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  return rows
    .flatMap(({ name }) => {
      const stepMs = Number(/^points_(\d+)$/.exec(name)?.[1] ?? 0);
      return stepMs > 0 ? [{ table: name, stepMs }] : [];
    })
    .sort((a, b) => a.stepMs - b.stepMs);
}

class OtherVersion extends Error {}

function isUnusable(error: unknown): boolean {
  if (error instanceof OtherVersion) return true;
  const code = (error as { code?: string }).code;
  return code === "SQLITE_NOTADB" || (code?.startsWith("SQLITE_CORRUPT") ?? false);
}

function open(file: string, steps: readonly number[]): Database {
  const db = new Database(file, { create: true, readwrite: true });
  try {
    // 8 KiB: fewer pages for the compressed spans, which are about a kilobyte each.
    db.run("PRAGMA page_size = 8192");
    db.run("PRAGMA busy_timeout = 2000");
    db.run("PRAGMA journal_mode = WAL");
    // What a power cut takes away of the last seconds' telemetry is nobody's loss; the file itself stays whole.
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA cache_size = -4096");
    db.run("PRAGMA temp_store = MEMORY");
    db.run("PRAGMA journal_size_limit = 16777216");
    const found = (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (found !== 0 && found !== schemaVersion) throw new OtherVersion();
    if (found === 0) create(db);
    // What is deleted is always the oldest: a part of the index is rewritten when half of it is gone, not at a tenth, which
    // made deleting lines several times as slow as writing them.
    for (const index of ["terms", "words"]) {
      db.run(`INSERT INTO ${index} (${index}, rank) VALUES ('deletemerge', 50)`);
      // Merging is done in steps (index-merge.ts), and never all at once because a commit found too many parts.
      db.run(`INSERT INTO ${index} (${index}, rank) VALUES ('automerge', 0)`);
      db.run(`INSERT INTO ${index} (${index}, rank) VALUES ('usermerge', 8)`);
      db.run(`INSERT INTO ${index} (${index}, rank) VALUES ('crisismerge', 1000)`);
    }
    // Files of before these were counted have all else that is needed.
    db.run(
      "CREATE TABLE IF NOT EXISTS counts (at INTEGER NOT NULL, reason TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (at, reason)) WITHOUT ROWID",
    );
    for (const step of steps) {
      db.run(
        `CREATE TABLE IF NOT EXISTS ${pointsTable(step)} (series INTEGER NOT NULL, at INTEGER NOT NULL, count REAL NOT NULL,
           sum REAL NOT NULL, max REAL NOT NULL, data BLOB, PRIMARY KEY (series, at)) WITHOUT ROWID`,
      );
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function create(db: Database): void {
  db.transaction(() => {
    for (const statement of tables.split(";\n")) if (statement.trim() !== "") db.run(statement);
    db.run(`PRAGMA user_version = ${schemaVersion}`);
  })();
}
