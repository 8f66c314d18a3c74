import type { Database } from "bun:sqlite";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { DataCell, DataColumn, DataPage, DataTable } from "./model.ts";
import { looksSecret } from "../../storage/secrets.ts";
import { columnsOf, findTable, naturalOrder, quoted, schemaOf } from "./tables.ts";

export interface PageQuery {
  readonly limit: number;
  /** Rows to leave out. */
  readonly after: number;
  /** A column; with `-` before it, descending. `-` alone is the table's own order turned round. */
  readonly order?: string | undefined;
}

const maxCellChars = 2000;
const maxBlobBytes = 256;
const maxColumns = 200;

type Value = string | number | bigint | Uint8Array | null;

const hiddenCell: DataCell = { type: "hidden", text: "" };

/** One page of a table. Throws `not-found` for an unknown table, `bad-request` for an order it does not take. */
export function pageOf(db: Database, service: string, name: string, query: PageQuery): DataPage {
  const table = findTable(db, name);
  if (table === undefined) throw new MicrocosmError("not-found", `${service} has no table ${name}.`);
  const columns = columnsOf(db, table).slice(0, maxColumns);
  const found = readRows(db, table, columns, query);
  const rows = found.slice(0, query.limit).map((row) => columns.map((column, i) => cellOf(column, row, i)));
  const more = found.length > query.limit ? { next: query.after + query.limit } : {};
  return { service, table, columns, rows, schema: schemaOf(db, name), ...more };
}

/**
 * Three values a column: its type, its size, and the cell cut to what is shown, so that a large cell is never read whole
 * into this process. Hidden columns are not part of the statement at all.
 */
function readRows(
  db: Database,
  table: DataTable,
  columns: readonly DataColumn[],
  query: PageQuery,
): Value[][] {
  const parts = columns.flatMap(({ name, hidden }) => {
    if (hidden) return ["NULL", "NULL", "NULL"];
    const cell = quoted(name);
    return [
      `typeof(${cell})`,
      `CASE WHEN typeof(${cell}) IN ('text', 'blob') THEN length(${cell}) END`,
      `CASE typeof(${cell}) WHEN 'text' THEN substr(${cell}, 1, ${maxCellChars})
         WHEN 'blob' THEN substr(${cell}, 1, ${maxBlobBytes}) ELSE ${cell} END`,
    ];
  });
  const order = orderOf(db, table, columns, query.order);
  const sql = `SELECT ${parts.length > 0 ? parts.join(", ") : "NULL"} FROM ${quoted(table.name)}
    ${order.length > 0 ? `ORDER BY ${order.join(", ")}` : ""} LIMIT ? OFFSET ?`;
  const statement = db.prepare(sql);
  try {
    return statement.values(query.limit + 1, query.after) as Value[][];
  } finally {
    statement.finalize();
  }
}

function orderOf(
  db: Database,
  table: DataTable,
  columns: readonly DataColumn[],
  order: string | undefined,
): string[] {
  const descending = order?.startsWith("-") === true;
  const direction = descending ? " DESC" : "";
  const name = descending ? order.slice(1) : (order ?? "");
  const natural = naturalOrder(db, table, columns).map((key) => key + direction);
  if (name === "") return natural;
  const column = columns.find((one) => one.name === name);
  if (column === undefined) throw new MicrocosmError("bad-request", `${table.name} has no column ${name}.`);
  if (!column.sortable) {
    const why = column.hidden ? "its cells are hidden" : "the table is large and the column has no index";
    throw new MicrocosmError("bad-request", `${table.name} cannot be ordered by ${name}: ${why}.`);
  }
  return [quoted(name) + direction, ...natural];
}

function cellOf(column: DataColumn, row: readonly Value[], index: number): DataCell {
  if (column.hidden) return hiddenCell;
  const type = row[3 * index] as DataCell["type"];
  const size = Number(row[3 * index + 1] ?? 0);
  const value = row[3 * index + 2] ?? null;
  if (value === null) return { type: "null", text: "" };
  if (value instanceof Uint8Array) {
    const text = value.toHex();
    return size > value.byteLength ? { type: "blob", text, size } : { type: "blob", text };
  }
  const text = String(value);
  if (type !== "text") return { type, text };
  if (looksSecret(text)) return hiddenCell;
  return size > maxCellChars ? { type, text, size } : { type, text };
}
