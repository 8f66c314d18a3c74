import type { Database } from "bun:sqlite";
import type { MetricPoint } from "../model.ts";
import type { Cell } from "./cell.ts";
import { seriesKey } from "./series-key.ts";

/** A metric with one set of labels. */
export interface SeriesEntry {
  readonly id: number;
  readonly name: string;
  readonly kind: MetricPoint["kind"];
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The buckets under way, one a tier; not in the file yet. */
  readonly open: (Cell | undefined)[];
}

interface SeriesRow {
  readonly id: number;
  readonly name: string;
  readonly kind: MetricPoint["kind"];
  readonly unit: string;
  readonly labels: string;
}

/** All series, in memory and in the file. Bounded: past `maxSeries` a new one is refused. */
export class SeriesIndex {
  readonly #db: Database;
  readonly #maxSeries: number;
  readonly #byKey = new Map<string, SeriesEntry>();
  readonly #byName = new Map<string, Set<SeriesEntry>>();

  constructor(db: Database, maxSeries: number) {
    this.#db = db;
    this.#maxSeries = maxSeries;
    for (const row of db.query("SELECT * FROM series").all() as SeriesRow[]) {
      this.#keep({ ...row, labels: JSON.parse(row.labels) as Record<string, string>, open: [] });
    }
  }

  all(): Iterable<SeriesEntry> {
    return this.#byKey.values();
  }

  get size(): number {
    return this.#byKey.size;
  }

  names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  named(name: string): Iterable<SeriesEntry> {
    return this.#byName.get(name) ?? [];
  }

  /** Finds or makes the point's series; undefined when there are too many. */
  of(point: MetricPoint): SeriesEntry | undefined {
    const known = this.#byKey.get(seriesKey(point.name, point.kind, point.labels));
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#maxSeries) return undefined;
    const labels = JSON.stringify(point.labels, Object.keys(point.labels).sort());
    const { lastInsertRowid } = this.#db
      .query("INSERT INTO series (name, kind, unit, labels) VALUES (?, ?, ?, ?)")
      .run(point.name, point.kind, point.unit, labels);
    const { name, kind, unit } = point;
    const entry: SeriesEntry = {
      id: Number(lastInsertRowid),
      name,
      kind,
      unit,
      labels: JSON.parse(labels) as Record<string, string>,
      open: [],
    };
    this.#keep(entry);
    return entry;
  }

  remove(entry: SeriesEntry): void {
    this.#byKey.delete(keyOf(entry));
    const named = this.#byName.get(entry.name);
    named?.delete(entry);
    if (named?.size === 0) this.#byName.delete(entry.name);
    this.#db.query("DELETE FROM series WHERE id = ?").run(entry.id);
  }

  #keep(entry: SeriesEntry): void {
    this.#byKey.set(keyOf(entry), entry);
    const named = this.#byName.get(entry.name);
    if (named === undefined) this.#byName.set(entry.name, new Set([entry]));
    else named.add(entry);
  }
}

function keyOf({ name, kind, labels }: SeriesEntry): string {
  return seriesKey(name, kind, labels);
}
