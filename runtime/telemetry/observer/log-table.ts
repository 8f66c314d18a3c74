import type { Database } from "bun:sqlite";
import type { LogRecord } from "../model.ts";
import type { LogQuery, StoredLog } from "../query.ts";

interface LogRow {
  readonly id: number;
  readonly at: number;
  readonly level: number;
  readonly service: string;
  readonly instance: string;
  readonly trace: Uint8Array | null;
  readonly span: Uint8Array | null;
  readonly message: string;
  readonly fields: string | null;
}

const levels = ["debug", "info", "notice", "warn", "error"] as const;
const defaultLimit = 100;
const maxLimit = 1000;
/** Log lines shown with a trace. */
const maxOfTrace = 5000;
/** Columns, row header and index entries of a line besides its text, about. */
const rowBytes = 60;

/** Log lines with a full-text index over message and fields. */
export class LogTable {
  readonly #db: Database;
  #bytes: number;
  #lines: number;

  constructor(db: Database) {
    this.#db = db;
    const sums = db.query("SELECT count(*) AS lines, coalesce(sum(bytes), 0) AS bytes FROM logs").get() as {
      lines: number;
      bytes: number;
    };
    this.#lines = sums.lines;
    this.#bytes = sums.bytes;
  }

  get lines(): number {
    return this.#lines;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Within a transaction. */
  write(record: LogRecord): void {
    const fields = record.fields === undefined ? null : JSON.stringify(record.fields, plain);
    const bytes = rowBytes + 2 * record.message.length + 2 * (fields?.length ?? 0);
    const { lastInsertRowid } = this.#db
      .query(
        `INSERT INTO logs (at, level, service, instance, trace, span, message, fields, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        record.at,
        levels.indexOf(record.level),
        record.service,
        record.instance,
        idOf(record.traceId),
        idOf(record.spanId),
        record.message,
        fields,
        bytes,
      );
    this.#db
      .query("INSERT INTO words (rowid, message, fields, marks) VALUES (?, ?, ?, ?)")
      .run(
        Number(lastInsertRowid),
        record.message,
        fields ?? "",
        marksOf(levels.indexOf(record.level), record.service),
      );
    this.#bytes += bytes;
    this.#lines++;
  }

  /** Newest first. */
  list(query: LogQuery): StoredLog[] {
    const where: string[] = [];
    const values: (string | number | Uint8Array)[] = [];
    const bound = (condition: string, value: string | number | Uint8Array | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    const words = query.text === undefined ? "" : escapeMatch(query.text);
    const hasWords = words !== "";
    if (hasWords) bound("words MATCH ?", matchOf(words, query));
    bound("l.service = ?", query.service);
    bound("l.instance = ?", query.instance);
    bound("l.level >= ?", query.level === undefined ? undefined : levels.indexOf(query.level));
    bound("l.trace = ?", query.traceId === undefined ? undefined : Buffer.from(query.traceId, "hex"));
    bound("l.at >= ?", query.from);
    bound("l.at <= ?", query.to);
    bound(`${hasWords ? "words.rowid" : "l.id"} < ?`, query.before);
    bound(`${hasWords ? "words.rowid" : "l.id"} > ?`, query.after);
    const from = hasWords ? "words CROSS JOIN logs l ON l.id = words.rowid" : "logs l";
    const sql = `SELECT l.* FROM ${from} ${where.length > 0 ? "WHERE" : ""} ${where.join(" AND ")}
      ORDER BY ${hasWords ? "words.rowid" : "l.id"} DESC LIMIT ?`;
    const limit = Math.min(query.limit ?? defaultLimit, maxLimit);
    return (this.#db.query(sql).all(...values, limit) as LogRow[]).map(logOf);
  }

  /** In the order they were said; the first 5,000. */
  ofTrace(traceId: string): StoredLog[] {
    const rows = this.#db
      .query("SELECT * FROM logs WHERE trace = ? ORDER BY at, id LIMIT ?")
      .all(Buffer.from(traceId, "hex"), maxOfTrace) as LogRow[];
    return rows.map(logOf);
  }

  /** Deletes up to `count` of the oldest; returns how many. Within a transaction. */
  dropOldest(count: number): number {
    const edge = this.#db.query("SELECT id, bytes FROM logs ORDER BY id LIMIT ?").all(count) as {
      id: number;
      bytes: number;
    }[];
    const last = edge[edge.length - 1];
    if (last === undefined) return 0;
    this.#db.query("DELETE FROM words WHERE rowid BETWEEN ? AND ?").run(edge[0]!.id, last.id);
    this.#db.query("DELETE FROM logs WHERE id <= ?").run(last.id);
    this.#bytes -= edge.reduce((sum, row) => sum + row.bytes, 0);
    this.#lines -= edge.length;
    return edge.length;
  }

  oldest(): number | undefined {
    const row = this.#db.query("SELECT at FROM logs ORDER BY id LIMIT 1").get() as { at: number } | null;
    return row?.at;
  }
}

/**
 * What lines are filtered by besides their words, for the same index: of a word that is everywhere and a level that is
 * rare, each line with the word would be looked at otherwise. A line has the marks of all levels up to its own.
 */
export function marksOf(level: number, service: string): string {
  return [serviceMark(service), ...Array.from({ length: level }, (_, below) => levelMark(below + 1))].join(
    " ",
  );
}

function levelMark(level: number): string {
  return `l${level}`;
}

/** Hashed, as names have signs that part words. */
function serviceMark(service: string): string {
  return `s${Bun.hash(service).toString(36)}`;
}

/** `debug` is every line's. */
function matchOf(words: string, { level = "debug", service }: LogQuery): string {
  const marks = [
    ...(level === "debug" ? [] : [levelMark(levels.indexOf(level))]),
    ...(service === undefined ? [] : [serviceMark(service)]),
  ];
  const wanted = `{message fields} : (${words})`;
  return marks.length === 0 ? wanted : `${wanted} AND marks : (${marks.join(" AND ")})`;
}

/**
 * What a person typed, as an FTS5 query without any of its operators: every word must be there, in any order; words in
 * "double quotes" in that order; the last word may be the beginning of one.
 */
export function escapeMatch(text: string): string {
  const phrases = [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].map((match) => ({
    words: (match[1] ?? match[2] ?? "").trim(),
    quoted: match[1] !== undefined,
  }));
  // A phrase of punctuation only has no words; FTS5 would find nothing for it.
  const searchable = phrases.filter(({ words }) => /[\p{L}\p{N}]/u.test(words)).slice(0, 32);
  return searchable
    .map(({ words, quoted }, place) => {
      const isLast = place === searchable.length - 1 && !quoted;
      return `"${words.replaceAll("\0", " ")}"${isLast ? "*" : ""}`;
    })
    .join(" AND ");
}

function logOf(row: LogRow): StoredLog {
  return {
    id: row.id,
    at: row.at,
    level: levels[row.level] ?? "info",
    message: row.message,
    service: row.service,
    instance: row.instance,
    ...(row.trace === null ? {} : { traceId: Buffer.from(row.trace).toString("hex") }),
    ...(row.span === null ? {} : { spanId: Buffer.from(row.span).toString("hex") }),
    ...(row.fields === null ? {} : { fields: JSON.parse(row.fields) as Record<string, unknown> }),
  };
}

function idOf(hex: string | undefined): Uint8Array | null {
  return hex === undefined ? null : Buffer.from(hex, "hex");
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
