import type { Schema } from "../../sdk/service.ts";
import { relaxed, type Storage } from "./open.ts";

/** A lease in the service's own file: one of its instances holds a name until it lets go or time runs out. */
export class Leases {
  readonly #storage: Pick<Storage<Schema>, "client" | "durability">;

  constructor(storage: Pick<Storage<Schema>, "client" | "durability">) {
    this.#storage = storage;
  }

  /** True when `holder` has `name` now, for `ttlMs` from `now` at the least half of it. */
  acquire(name: string, holder: string, now: number, ttlMs: number): boolean {
    const { client } = this.#storage;
    const row = client
      .query<{ holder: string; until: number }, [string]>(
        "SELECT holder, until FROM microcosm_leases WHERE name = ?",
      )
      .get(name);
    if (row !== null) {
      if (row.holder !== holder && row.until > now) return false;
      // Half of its time is left: a write for each look would keep the disk awake.
      if (row.holder === holder && row.until - now > ttlMs / 2) return true;
    }
    return relaxed(
      this.#storage,
      () =>
        client
          .query<unknown, [string, string, number, number]>(
            `INSERT INTO microcosm_leases (name, holder, until) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE holder = excluded.holder OR until <= ?`,
          )
          .run(name, holder, now + ttlMs, now).changes === 1,
    );
  }

  release(name: string, holder: string): void {
    relaxed(this.#storage, () =>
      this.#storage.client
        .query("DELETE FROM microcosm_leases WHERE name = ? AND holder = ?")
        .run(name, holder),
    );
  }
}
