import type { Database } from "bun:sqlite";
import type { SpanRecord } from "../model.ts";
import type { ListedTrace, TraceQuery, TraceSummary } from "../query.ts";
import { clocksDisagree, lacksParent } from "./order.ts";
import { summarise } from "./summary.ts";
import type { Tally } from "./tally.ts";
import { termOf, termsOf } from "./terms.ts";

interface TraceRow {
  readonly id: number;
  readonly trace: Uint8Array;
  readonly start: number;
  readonly duration: number;
  readonly error: number;
  readonly spans: number;
  readonly errors: number;
  readonly name: string;
  readonly service: string;
  readonly services: string;
  readonly http: number | null;
}

const defaultLimit = 100;
const maxLimit = 1000;
/** Chunks of spans of one trace; more come only of a trace that never ends. */
const maxChunks = 64;
const compressionLevel = 1;

/** Whole traces: a narrow row each for the lists, and their spans beside it, compressed (about a fifth of their JSON). */
export class TraceTable {
  readonly #db: Database;
  readonly #tally: Tally;
  readonly #maxSpans: number;
  #bytes: number;
  #spans: number;
  #traces: number;

  constructor(db: Database, tally: Tally, maxSpans: number) {
    this.#db = db;
    this.#tally = tally;
    this.#maxSpans = maxSpans;
    const sums = db
      .query("SELECT count(*) AS traces, coalesce(sum(spans), 0) AS spans FROM traces")
      .get() as { traces: number; spans: number };
    this.#traces = sums.traces;
    this.#spans = sums.spans;
    const size = db.query("SELECT coalesce(sum(bytes), 0) AS bytes FROM chunks").get() as { bytes: number };
    this.#bytes = size.bytes;
  }

  /** Of the compressed spans. */
  get bytes(): number {
    return this.#bytes;
  }

  get spans(): number {
    return this.#spans;
  }

  get traces(): number {
    return this.#traces;
  }

  /** Adds a trace, or spans that came late to one that is there. At least one span; within a transaction. */
  write(traceId: string, spans: readonly SpanRecord[]): void {
    const key = Buffer.from(traceId, "hex");
    const known = this.#db.query("SELECT * FROM traces WHERE trace = ?").get(key) as TraceRow | null;
    if (known === null) this.#insert(key, spans);
    else this.#append(known, spans);
  }

  /** The spans as they came, in no order; undefined for an unknown trace. */
  find(traceId: string): SpanRecord[] | undefined {
    const row = this.#db.query("SELECT id FROM traces WHERE trace = ?").get(Buffer.from(traceId, "hex")) as {
      id: number;
    } | null;
    return row === null ? undefined : this.#spansOf(row.id);
  }

  /**
   * The last written of those asked for, by their start. What is taken and where the next page begins go by one order, that
   * of writing: by start, a long trace that was written late would hide all that began after it and are on no page yet.
   */
  list(query: TraceQuery): ListedTrace[] {
    const terms: string[] = [];
    if (query.service !== undefined) terms.push(termOf("service", query.service));
    if (query.route !== undefined) terms.push(termOf("route", query.route));
    if (query.status !== undefined) terms.push(termOf("status", query.status));
    if (query.attribute !== undefined) terms.push(termOf("attribute", query.attribute));
    const where: string[] = [];
    const values: (string | number)[] = [];
    const bound = (condition: string, value: number | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    bound("t.start >= ?", query.from);
    bound("t.start <= ?", query.to);
    bound("t.duration >= ?", query.minMs);
    bound("t.duration <= ?", query.maxMs);
    bound(`${terms.length > 0 ? "terms.rowid" : "t.id"} < ?`, query.before);
    const limit = Math.min(query.limit ?? defaultLimit, maxLimit);
    // By words: last written first, so that the index is read only as far as needed. The join order is fixed, since
    // the planner would rather look each trace up in the index.
    const sql =
      terms.length > 0
        ? `SELECT t.* FROM terms CROSS JOIN traces t ON t.id = terms.rowid WHERE terms MATCH ?
           ${where.map((condition) => `AND ${condition}`).join(" ")} ORDER BY terms.rowid DESC LIMIT ?`
        : `SELECT t.* FROM traces t ${where.length > 0 ? "WHERE" : ""} ${where.join(" AND ")}
           ORDER BY t.id DESC LIMIT ?`;
    const rows = this.#db
      .query(sql)
      .all(...(terms.length > 0 ? [terms.join(" AND ")] : []), ...values, limit) as TraceRow[];
    return rows.sort((a, b) => b.start - a.start).map(listedOf);
  }

  /** Deletes up to `count` of the oldest; returns how many. Within a transaction. */
  dropOldest(count: number): number {
    const edge = this.#db.query("SELECT id, spans FROM traces ORDER BY id LIMIT ?").all(count) as {
      id: number;
      spans: number;
    }[];
    const last = edge[edge.length - 1];
    if (last === undefined) return 0;
    const gone = this.#db
      .query("SELECT coalesce(sum(bytes), 0) AS bytes FROM chunks WHERE trace <= ?")
      .get(last.id) as { bytes: number };
    this.#db.query("DELETE FROM chunks WHERE trace <= ?").run(last.id);
    this.#db.query("DELETE FROM terms WHERE rowid BETWEEN ? AND ?").run(edge[0]!.id, last.id);
    this.#db.query("DELETE FROM traces WHERE id <= ?").run(last.id);
    this.#bytes -= gone.bytes;
    this.#traces -= edge.length;
    this.#spans -= edge.reduce((sum, row) => sum + row.spans, 0);
    return edge.length;
  }

  /** Start of the oldest trace; undefined when there is none. */
  oldest(): number | undefined {
    const row = this.#db.query("SELECT min(start) AS start FROM traces").get() as { start: number | null };
    return row.start ?? undefined;
  }

  #insert(key: Uint8Array, spans: readonly SpanRecord[]): void {
    const summary = summarise(spans);
    if (lacksParent(spans)) this.#tally.count("orphan");
    if (clocksDisagree(spans)) this.#tally.count("clocks");
    const { lastInsertRowid } = this.#db
      .query(
        `INSERT INTO traces (trace, start, duration, error, spans, errors, name, service, services, http)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(key, ...columnsOf(summary));
    const id = Number(lastInsertRowid);
    this.#traces++;
    this.#writeChunk(id, spans);
    this.#writeTerms(id, spans, summary);
  }

  #append(row: TraceRow, spans: readonly SpanRecord[]): void {
    const known = this.#spansOf(row.id);
    const seen = new Set(known.map((span) => span.spanId));
    const fresh = spans.filter((span) => !seen.has(span.spanId));
    this.#tally.count("duplicate", spans.length - fresh.length);
    const { chunks } = this.#db
      .query("SELECT count(*) AS chunks FROM chunks WHERE trace = ?")
      .get(row.id) as {
      chunks: number;
    };
    const room = chunks < maxChunks ? Math.max(0, this.#maxSpans - known.length) : 0;
    this.#tally.count("overload", Math.max(0, fresh.length - room));
    const taken = fresh.slice(0, room);
    if (taken.length === 0) return;
    this.#tally.count("late", taken.length);
    const all = [...known, ...taken];
    const summary = summarise(all);
    if (clocksDisagree(all) && !clocksDisagree(known)) this.#tally.count("clocks");
    this.#db
      .query(
        `UPDATE traces SET start = ?, duration = ?, error = ?, spans = ?, errors = ?, name = ?, service = ?, services = ?,
         http = ? WHERE id = ?`,
      )
      .run(...columnsOf(summary), row.id);
    this.#db.query("DELETE FROM terms WHERE rowid = ?").run(row.id);
    this.#writeChunk(row.id, taken);
    this.#writeTerms(row.id, all, summary);
  }

  #writeChunk(id: number, spans: readonly SpanRecord[]): void {
    const data = packSpans(spans);
    this.#db.query("INSERT INTO chunks (trace, bytes, data) VALUES (?, ?, ?)").run(id, data.length, data);
    this.#bytes += data.length;
    this.#spans += spans.length;
  }

  #writeTerms(id: number, spans: readonly SpanRecord[], summary: TraceSummary): void {
    const terms = [...termsOf(spans, summary.name, summary.status)].join(" ");
    this.#db.query("INSERT INTO terms (rowid, term) VALUES (?, ?)").run(id, terms);
  }

  #spansOf(id: number): SpanRecord[] {
    const chunks = this.#db.query("SELECT data FROM chunks WHERE trace = ? ORDER BY id").all(id) as {
      data: Uint8Array<ArrayBuffer>;
    }[];
    return chunks.flatMap(({ data }) => unpackSpans(data));
  }
}

/** A column of `chunks`. */
export function packSpans(spans: readonly SpanRecord[]): Uint8Array {
  return Bun.zstdCompressSync(JSON.stringify(spans), { level: compressionLevel });
}

export function unpackSpans(data: Uint8Array<ArrayBuffer>): SpanRecord[] {
  return JSON.parse(Bun.zstdDecompressSync(data).toString("utf8")) as SpanRecord[];
}

function columnsOf(summary: TraceSummary): (string | number | null)[] {
  return [
    summary.startMs,
    summary.durationMs,
    summary.status === "error" ? 1 : 0,
    summary.spans,
    summary.errors,
    summary.name,
    summary.rootService,
    JSON.stringify(summary.services),
    summary.httpStatus ?? null,
  ];
}

function listedOf(row: TraceRow): ListedTrace {
  return {
    id: row.id,
    traceId: Buffer.from(row.trace).toString("hex"),
    name: row.name,
    rootService: row.service,
    startMs: row.start,
    durationMs: row.duration,
    status: row.error === 1 ? "error" : "ok",
    spans: row.spans,
    errors: row.errors,
    services: JSON.parse(row.services) as string[],
    ...(row.http === null ? {} : { httpStatus: row.http }),
  };
}
