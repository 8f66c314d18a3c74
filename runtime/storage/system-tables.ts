import type { Migration } from "../../sdk/service.ts";

/**
 * Microcosm's own tables in a service's file, kept by the same migrations as the service's: what was sent (outbox),
 * what took effect (inbox), and who runs the timers (leases).
 *
 * `AUTOINCREMENT`: an instance may delete a row it sent after another instance deleted it already; were ids used
 * again, that would hit a new row and lose its event.
 */
export const systemMigrations: readonly Migration[] = [
  {
    name: "microcosm/0001-outbox-inbox-leases",
    sql: `
      CREATE TABLE microcosm_outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        event_id TEXT NOT NULL,
        source TEXT NOT NULL,
        type TEXT NOT NULL,
        time INTEGER NOT NULL,
        subject TEXT,
        key TEXT,
        traceparent TEXT,
        data BLOB NOT NULL,
        refused TEXT
      );
      CREATE TABLE microcosm_inbox (
        id INTEGER PRIMARY KEY,
        subscription TEXT NOT NULL,
        event_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (subscription, event_id)
      );
      CREATE TABLE microcosm_leases (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        until INTEGER NOT NULL
      ) WITHOUT ROWID;`,
  },
];
