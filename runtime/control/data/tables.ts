import type { Database } from "bun:sqlite";
import type { DataColumn, DataTable } from "./model.ts";
import { isSecretColumn } from "../../storage/secrets.ts";

/** Rows counted and rows sorted without an index: what takes a few milliseconds of the control plane at the most. */
export const maxScannedRows = 100_000;
const maxTables = 500;

interface TableRow {
  readonly name: string;
  readonly type: DataTable["kind"];
  readonly wr: bigint;
}

/** What a name in an SQL text is written as; there are no parameters for names. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The service's own tables first, by name. */
export function tablesOf(db: Database): DataTable[] {
  const rows = db
    .query<TableRow, [number]>(
      "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name LIMIT ?",
    )
    .all(maxTables);
  const tables = rows.filter(({ name }) => !name.startsWith("sqlite_")).map((row) => describe(db, row));
  return tables.sort((a, b) => Number(a.system) - Number(b.system));
}

export function findTable(db: Database, name: string): DataTable | undefined {
  const row = db
    .query<TableRow, [string]>(
      "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?",
    )
    .get(name);
  return row === null || name.startsWith("sqlite_") ? undefined : describe(db, row);
}

function describe(db: Database, { name, type }: TableRow): DataTable {
  const counted = db
    .query<{ rows: bigint }, [number]>(`SELECT count(*) AS rows FROM (SELECT 1 FROM ${quoted(name)} LIMIT ?)`)
    .get(maxScannedRows + 1);
  const rows = Number(counted?.rows ?? 0n);
  return {
    name,
    kind: type,
    system: type === "shadow" || name.startsWith("microcosm_"),
    rows: Math.min(rows, maxScannedRows),
    exact: rows <= maxScannedRows,
  };
}

export function columnsOf(db: Database, table: DataTable): DataColumn[] {
  const indexed = new Set(
    db
      .query<{ column: string | null }, [string]>(
        `SELECT i.name AS column FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
         WHERE i.seqno = 0 AND l.partial = 0`,
      )
      .all(table.name)
      .map(({ column }) => column),
  );
  const rows = db
    .query<{ name: string; type: string; not_null: bigint; pk: bigint }, [string]>(
      `SELECT name, type, "notnull" AS not_null, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1`,
    )
    .all(table.name);
  const keys = rows.filter(({ pk }) => pk > 0n).length;
  return rows.map(({ name, type, not_null, pk }) => {
    const hidden = isSecretColumn(name);
    const isKey = pk === 1n && keys === 1;
    return {
      name,
      type,
      notNull: not_null === 1n,
      key: Number(pk),
      hidden,
      // The order of what is hidden would tell of it.
      sortable: !hidden && (table.exact || isKey || indexed.has(name)),
    };
  });
}

/** CREATE statements of the table and of what hangs on it, in the order they were made. */
export function schemaOf(db: Database, table: string): string {
  const rows = db
    .query<{ sql: string }, [string]>(
      "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type <> 'table', rowid",
    )
    .all(table);
  return rows.map(({ sql }) => `${sql};`).join("\n\n");
}

/** The rowid, or the primary key of a table without one; a view has neither and no order of its own. */
export function naturalOrder(db: Database, table: DataTable, columns: readonly DataColumn[]): string[] {
  if (table.kind === "view") return [];
  const withoutRowid = db
    .query<{ wr: bigint }, [string]>("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .get(table.name)?.wr;
  if (withoutRowid !== 1n) return ["rowid"];
  return columns
    .filter(({ key }) => key > 0)
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => quoted(name));
}
