/**
 * A look into the services' SQLite files, read-only. All of it is bounded: rows of a page, characters of a cell, rows
 * counted, rows sorted.
 *
 * | request | answer |
 * | --- | --- |
 * | GET /api/data | DataService[] |
 * | GET /api/data/:service/:table?limit=&after=&order= | DataPage |
 */
export interface DataService {
  readonly service: string;
  /** Name of the file in the data directory. */
  readonly file: string;
  /** false: the service has made none yet, or has no database. */
  readonly exists: boolean;
  readonly bytes: number;
  /** Of the write-ahead log beside it. */
  readonly walBytes: number;
  readonly tables: readonly DataTable[];
  /** Why it could not be looked into at the moment. */
  readonly problem?: string;
}

export interface DataTable {
  readonly name: string;
  readonly kind: "table" | "view" | "virtual" | "shadow";
  /** Made by Microcosm or by SQLite, not by the service. */
  readonly system: boolean;
  readonly rows: number;
  /** false: there are more; counting ended at `rows`. */
  readonly exact: boolean;
}

export interface DataColumn {
  readonly name: string;
  /** As declared; "" when it was not. */
  readonly type: string;
  readonly notNull: boolean;
  /** Place in the primary key from 1, 0 for none. */
  readonly key: number;
  /** Its cells are never shown. */
  readonly hidden: boolean;
  /** Whether `order` takes it. */
  readonly sortable: boolean;
}

/** `text`: the cell, or its beginning. Blobs are hexadecimal; integers beyond 2^53 stay exact. */
export interface DataCell {
  readonly type: "null" | "integer" | "real" | "text" | "blob" | "hidden";
  readonly text: string;
  /** Characters, or bytes of a blob, when `text` is not all of it. */
  readonly size?: number;
}

export interface DataPage {
  readonly service: string;
  readonly table: DataTable;
  readonly columns: readonly DataColumn[];
  readonly rows: readonly (readonly DataCell[])[];
  /** `after` of the next page. */
  readonly next?: number;
  /** CREATE statements of the table, its indexes and its triggers. */
  readonly schema: string;
}
