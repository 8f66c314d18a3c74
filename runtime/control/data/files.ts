import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { DataPage, DataService } from "./model.ts";
import { type PageQuery, pageOf } from "./rows.ts";
import { tablesOf } from "./tables.ts";

/** The control plane does not stand still for a locked file; readers of a write-ahead log need no lock anyway. */
const busyTimeoutMs = 100;

export interface DataFilesOptions {
  readonly directory: string;
  /** Their files are `<name>.sqlite`. Nothing else in the directory can be asked for. */
  readonly services: readonly string[];
}

/** Opens a service's file for each question and closes it again: nothing of it is held while nobody looks. */
export class DataFiles {
  readonly #options: DataFilesOptions;

  constructor(options: DataFilesOptions) {
    this.#options = options;
  }

  list(): DataService[] {
    return this.#options.services.map((service) => this.#describe(service));
  }

  /** Throws `not-found`, `bad-request`. */
  page(service: string, table: string, query: PageQuery): DataPage {
    if (!this.#options.services.includes(service)) {
      throw new MicrocosmError("not-found", `There is no service ${service}.`);
    }
    if (sizeOf(this.#path(service)) === undefined) {
      throw new MicrocosmError("not-found", `${service} has no database file.`);
    }
    return this.#read(service, (db) => pageOf(db, service, table, query));
  }

  #describe(service: string): DataService {
    const path = this.#path(service);
    const bytes = sizeOf(path);
    const walBytes = sizeOf(`${path}-wal`) ?? 0;
    const file = `${service}.sqlite`;
    if (bytes === undefined) return { service, file, exists: false, bytes: 0, walBytes, tables: [] };
    const known = { service, file, exists: true, bytes, walBytes };
    try {
      return { ...known, tables: this.#read(service, tablesOf) };
    } catch (error) {
      // One broken file must not hide the others.
      return { ...known, tables: [], problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #path(service: string): string {
    return join(this.#options.directory, `${service}.sqlite`);
  }

  #read<R>(service: string, work: (db: Database) => R): R {
    const db = new Database(this.#path(service), { readonly: true, safeIntegers: true });
    try {
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      db.run("PRAGMA query_only = ON");
      return work(db);
    } finally {
      db.close();
    }
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
