import { marksOf } from "../telemetry/observer/log-table.ts";
import { Database } from "bun:sqlite";
import type { SpanRecord, TimelineEntry } from "../telemetry/model.ts";
import { packSpans, unpackSpans } from "../telemetry/observer/trace-table.ts";
import { countStepMs, CountTable } from "../telemetry/observer/count-table.ts";
import { pointTables, schemaVersion } from "../telemetry/observer/tables.ts";
import { redactText, redactValue } from "./redact.ts";

/** Rows that are changed in one transaction, so that neither memory nor the journal grows with the file. */
const rowsAtOnce = 1000;

/**
 * A copy of the observer's file as it is at this moment, without what is older than `from`, and without secrets. The
 * original is only read, in one transaction that neither stops its writer nor is stopped by it. Returns what was let go in
 * that time, by reason. Throws what SQLite says.
 */
export function snapshot(
  source: string,
  target: string,
  from: number,
  ended: AbortSignal,
): Record<string, number> {
  copy(source, target);
  const db = new Database(target, { readwrite: true });
  try {
    db.run("PRAGMA journal_mode = DELETE");
    db.run("PRAGMA synchronous = OFF");
    db.run("PRAGMA cache_size = -16384");
    // What is deleted or replaced below is overwritten, and not only forgotten.
    db.run("PRAGMA secure_delete = ON");
    ended.throwIfAborted();
    dropBefore(db, from);
    ended.throwIfAborted();
    if (redactLogs(db, ended) > 0) {
      // The index keeps deleted words until its parts are merged.
      db.run("INSERT INTO words(words) VALUES ('optimize')");
    }
    redactSpans(db, ended);
    redactTimeline(db);
    return hasCounts(db) ? new CountTable(db).sums() : {};
  } finally {
    db.clearQueryCache();
    db.close();
  }
}

function copy(source: string, target: string): void {
  const db = new Database(source, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const { user_version: found } = db.query("PRAGMA user_version").get() as { user_version: number };
    if (found !== schemaVersion) throw new Error(`its tables are of version ${found}, not ${schemaVersion}`);
    db.query("VACUUM INTO ?").run(target);
  } finally {
    db.clearQueryCache();
    db.close();
  }
}

/** Earlier runs on the same data directory. */
function dropBefore(db: Database, from: number): void {
  db.transaction(() => {
    db.query("DELETE FROM terms WHERE rowid IN (SELECT id FROM traces WHERE start < ?)").run(from);
    db.query("DELETE FROM chunks WHERE trace IN (SELECT id FROM traces WHERE start < ?)").run(from);
    db.query("DELETE FROM traces WHERE start < ?").run(from);
    db.query("DELETE FROM words WHERE rowid IN (SELECT id FROM logs WHERE at < ?)").run(from);
    db.query("DELETE FROM logs WHERE at < ?").run(from);
    db.query("DELETE FROM timeline WHERE at < ?").run(from);
    if (hasCounts(db)) {
      db.query("DELETE FROM counts WHERE at < ?").run(Math.floor(from / countStepMs) * countStepMs);
    }
    for (const { table, stepMs } of pointTables(db)) {
      db.query(`DELETE FROM ${table} WHERE at < ?`).run(Math.floor(from / stepMs) * stepMs);
    }
  })();
}

/** The file of an observer that did not keep its counts has none. */
function hasCounts(db: Database): boolean {
  return db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'counts'").get() !== null;
}

interface LogText {
  readonly id: number;
  readonly level: number;
  readonly service: string;
  readonly message: string;
  readonly fields: string | null;
}

/** Returns how many lines were changed. */
function redactLogs(db: Database, ended: AbortSignal): number {
  let changed = 0;
  for (const rows of pages<LogText>(db, "SELECT id, level, service, message, fields FROM logs", ended)) {
    db.transaction(() => {
      for (const { id, level, service, message, fields } of rows) {
        const clean = redactText(message);
        const cleanFields = fields === null ? null : redactJson(fields);
        if (clean === message && cleanFields === fields) continue;
        changed++;
        db.query("UPDATE logs SET message = ?, fields = ? WHERE id = ?").run(clean, cleanFields, id);
        db.query("DELETE FROM words WHERE rowid = ?").run(id);
        db.query("INSERT INTO words (rowid, message, fields, marks) VALUES (?, ?, ?, ?)").run(
          id,
          clean,
          cleanFields ?? "",
          marksOf(level, service),
        );
      }
    })();
  }
  return changed;
}

function redactSpans(db: Database, ended: AbortSignal): void {
  for (const rows of pages<{ id: number; data: Uint8Array<ArrayBuffer> }>(
    db,
    "SELECT id, data FROM chunks",
    ended,
  )) {
    db.transaction(() => {
      for (const { id, data } of rows) {
        const spans = unpackSpans(data);
        const clean = redactValue<SpanRecord[]>(spans);
        if (clean === spans) continue;
        const packed = packSpans(clean);
        db.query("UPDATE chunks SET data = ?, bytes = ? WHERE id = ?").run(packed, packed.length, id);
      }
    })();
  }
}

function redactTimeline(db: Database): void {
  const rows = db.query("SELECT id, text, detail FROM timeline").all() as (Pick<TimelineEntry, "text"> & {
    id: number;
    detail: string | null;
  })[];
  db.transaction(() => {
    for (const { id, text, detail } of rows) {
      const clean = redactText(text);
      const cleanDetail = detail === null ? null : redactJson(detail);
      if (clean === text && cleanDetail === detail) continue;
      db.query("UPDATE timeline SET text = ?, detail = ? WHERE id = ?").run(clean, cleanDetail, id);
    }
  })();
}

function redactJson(text: string): string {
  const value = JSON.parse(text) as unknown;
  const clean = redactValue(value);
  return clean === value ? text : JSON.stringify(clean);
}

/** All rows in the order of their ids, some at a time: what is read is not changed under the reader's feet. */
function* pages<Row extends { readonly id: number }>(
  db: Database,
  sql: string,
  ended: AbortSignal,
): Generator<Row[]> {
  let after = -1;
  for (;;) {
    ended.throwIfAborted();
    const rows = db.query(`${sql} WHERE id > ? ORDER BY id LIMIT ?`).all(after, rowsAtOnce) as Row[];
    if (rows.length === 0) return;
    after = rows[rows.length - 1]!.id;
    yield rows;
  }
}
