import type { Database } from "bun:sqlite";
import type { TimelineEntry } from "../model.ts";

interface TimelineRow {
  readonly id: number;
  readonly at: number;
  readonly kind: TimelineEntry["kind"];
  readonly text: string;
  readonly service: string | null;
  readonly instance: string | null;
  readonly detail: string | null;
}

const defaultLimit = 1000;
/** What is done to a system is little beside what it does; older entries go. */
const maxEntries = 50_000;

export interface TimelineQuery {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit?: number | undefined;
}

export class TimelineTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Within a transaction. */
  write(entry: TimelineEntry): void {
    const { lastInsertRowid } = this.#db
      .query("INSERT INTO timeline (at, kind, text, service, instance, detail) VALUES (?, ?, ?, ?, ?, ?)")
      .run(
        entry.at,
        entry.kind,
        entry.text,
        entry.service ?? null,
        entry.instance ?? null,
        entry.detail === undefined ? null : JSON.stringify(entry.detail),
      );
    this.#db.query("DELETE FROM timeline WHERE id <= ?").run(Number(lastInsertRowid) - maxEntries);
  }

  /** In the order it happened; when there are more than `limit`, the newest. */
  list(query: TimelineQuery): TimelineEntry[] {
    const rows = this.#db
      .query("SELECT * FROM timeline WHERE at BETWEEN ? AND ? ORDER BY at DESC, id DESC LIMIT ?")
      .all(
        query.from ?? 0,
        query.to ?? Number.MAX_VALUE,
        Math.min(query.limit ?? defaultLimit, defaultLimit),
      ) as TimelineRow[];
    return rows.reverse().map(entryOf);
  }

  /** The last change of state of each instance up to a moment. */
  statesAt(at: number): TimelineEntry[] {
    // By id and not by time: within a tick the order of arrival is the order of what happened.
    const rows = this.#db
      .query(
        `SELECT * FROM timeline WHERE id IN (SELECT max(id) FROM timeline WHERE kind = 'state' AND at <= ?
           AND instance IS NOT NULL GROUP BY instance)`,
      )
      .all(at) as TimelineRow[];
    return rows.map(entryOf);
  }
}

function entryOf(row: TimelineRow): TimelineEntry {
  return {
    at: row.at,
    kind: row.kind,
    text: row.text,
    ...(row.service === null ? {} : { service: row.service }),
    ...(row.instance === null ? {} : { instance: row.instance }),
    ...(row.detail === null ? {} : { detail: JSON.parse(row.detail) as Record<string, unknown> }),
  };
}
