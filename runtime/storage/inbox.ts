import type { Schema } from "../../sdk/service.ts";
import { relaxed, type Storage } from "./open.ts";

/** Which events took effect (idempotent consumer; Richardson, Microservices Patterns, 3.3.6). */
export class Inbox {
  readonly #storage: Pick<Storage<Schema>, "client" | "durability">;

  constructor(storage: Pick<Storage<Schema>, "client" | "durability">) {
    this.#storage = storage;
  }

  /** False when the event is here already. Call it inside the transaction that is the event's effect. */
  take(subscription: string, eventId: string, at: number): boolean {
    const { changes } = this.#storage.client
      .query<unknown, [string, string, number]>(
        "INSERT INTO microcosm_inbox (subscription, event_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      )
      .run(subscription, eventId, at);
    return changes === 1;
  }

  /** Forgets events taken before `before`, at most `limit`, so that it never holds the lock for long. Returns how many. */
  prune(before: number, limit: number): number {
    const { client } = this.#storage;
    // Ids grow with time: the oldest are found without an index on it.
    const oldest = client
      .query<{ at: number }, []>("SELECT at FROM microcosm_inbox ORDER BY id LIMIT 1")
      .get();
    if (oldest === null || oldest.at >= before) return 0;
    return relaxed(
      this.#storage,
      () =>
        client
          .query<unknown, [number, number]>(
            "DELETE FROM microcosm_inbox WHERE id IN (SELECT id FROM microcosm_inbox ORDER BY id LIMIT ?) AND at < ?",
          )
          .run(limit, before).changes,
    );
  }
}
