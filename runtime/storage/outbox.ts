import type { Schema } from "../../sdk/service.ts";
import type { EventRecord } from "../bus/broker.ts";
import { relaxed, type Storage } from "./open.ts";

/** An event that was committed and has not been acknowledged by the broker yet. */
export interface OutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly record: EventRecord;
}

interface Row {
  readonly id: number;
  readonly topic: string;
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly time: number;
  readonly subject: string | null;
  readonly key: string | null;
  readonly traceparent: string | null;
  readonly data: Uint8Array;
}

type Nullable = string | null;

/** The transactional outbox (Richardson, Microservices Patterns, 3.3): rows written with the state they tell of. */
export class Outbox {
  readonly #storage: Pick<Storage<Schema>, "client" | "durability">;

  constructor(storage: Pick<Storage<Schema>, "client" | "durability">) {
    this.#storage = storage;
  }

  /** Call it inside the transaction that the event belongs to. */
  add(topic: string, record: EventRecord): void {
    this.#storage.client
      .query<unknown, [string, string, string, string, number, Nullable, Nullable, Nullable, Uint8Array]>(
        "INSERT INTO microcosm_outbox (topic, event_id, source, type, time, subject, key, traceparent, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        topic,
        record.id,
        record.source,
        record.type,
        record.time,
        record.subject ?? null,
        record.key ?? null,
        record.traceparent ?? null,
        record.data,
      );
  }

  /** The oldest unsent rows in order: at most `maxRows`, and no more than `maxBytes` of data beyond the first row. */
  batch(maxRows: number, maxBytes: number): OutboxRow[] {
    const { client } = this.#storage;
    const sizes = client
      .query<{ id: number; bytes: number }, [number]>(
        "SELECT id, length(data) AS bytes FROM microcosm_outbox WHERE refused IS NULL ORDER BY id LIMIT ?",
      )
      .all(maxRows);
    const first = sizes[0];
    if (first === undefined) return [];
    let last = first.id;
    let total = 0;
    for (const { id, bytes } of sizes) {
      total += bytes;
      if (total > maxBytes && id !== first.id) break;
      last = id;
    }
    return client
      .query<Row, [number, number]>(
        "SELECT * FROM microcosm_outbox WHERE refused IS NULL AND id BETWEEN ? AND ? ORDER BY id",
      )
      .all(first.id, last)
      .map(toOutboxRow);
  }

  /** Forgets rows that the broker has. Losing this in a power cut only sends them again, under the same ids. */
  remove(ids: readonly number[]): void {
    if (ids.length === 0) return;
    relaxed(this.#storage, () =>
      this.#storage.client
        .query("DELETE FROM microcosm_outbox WHERE id IN (SELECT value FROM json_each(?))")
        .run(JSON.stringify(ids)),
    );
  }

  /** Sets a row aside that the broker will never take, so that it does not hold up the others. */
  refuse(id: number, reason: string): void {
    this.#storage.client.query("UPDATE microcosm_outbox SET refused = ? WHERE id = ?").run(reason, id);
  }

  /** Takes the refused rows back in: the topology may have been corrected since. Returns how many. */
  retryRefused(): number {
    const { client } = this.#storage;
    const any = client.query("SELECT 1 FROM microcosm_outbox WHERE refused IS NOT NULL LIMIT 1").get();
    if (any === null) return 0;
    return client.run("UPDATE microcosm_outbox SET refused = NULL WHERE refused IS NOT NULL").changes;
  }

  isEmpty(): boolean {
    return (
      this.#storage.client.query("SELECT 1 FROM microcosm_outbox WHERE refused IS NULL LIMIT 1").get() ===
      null
    );
  }
}

function toOutboxRow(row: Row): OutboxRow {
  const record: EventRecord = {
    id: row.event_id,
    source: row.source,
    type: row.type,
    time: row.time,
    subject: row.subject ?? undefined,
    key: row.key ?? undefined,
    traceparent: row.traceparent ?? undefined,
    data: row.data,
  };
  return { id: row.id, topic: row.topic, record };
}
