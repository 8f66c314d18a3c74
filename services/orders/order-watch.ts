import { inArray } from "drizzle-orm";
import { problem } from "microcosm";
import { orderChanged } from "./advance.ts";
import type { OrdersContext } from "./context.ts";
import { orders } from "./schema.ts";

export interface OrderWatchOptions {
  /** How soon a change that another instance made is seen. */
  readonly pollIntervalMs: number;
  /** Orders watched at once per instance. */
  readonly maxWatchers: number;
}

const defaults: OrderWatchOptions = { pollIntervalMs: 400, maxWatchers: 2000 };

interface Watcher {
  readonly orderId: string;
  version: number;
  readonly changed: () => void;
}

/**
 * Tells watchers that an order changed. Changes of this instance are known at once; those of the others stand in the
 * database they share, which is asked with one query for all watched orders, and not at all while nobody watches.
 */
export class OrderWatch {
  readonly #ctx: OrdersContext;
  readonly #options: OrderWatchOptions;
  readonly #watchers = new Set<Watcher>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(ctx: OrdersContext, options: Partial<OrderWatchOptions> = {}) {
    this.#ctx = ctx;
    this.#options = { ...defaults, ...options };
    ctx.local.on(orderChanged, (orderId) => {
      for (const watcher of this.#watchers) if (watcher.orderId === orderId) watcher.changed();
    });
  }

  /**
   * Calls `changed` on each change after `version`, until the returned function is called. Never from within this
   * call. Throws 503 when too many watch.
   */
  watch(orderId: string, version: number, changed: () => void): () => void {
    if (this.#watchers.size >= this.#options.maxWatchers) {
      throw problem(
        503,
        "too-many-watchers",
        "Too many orders are watched at once; ask for the order instead",
      );
    }
    const watcher = { orderId, version, changed };
    this.#watchers.add(watcher);
    this.#timer ??= setInterval(() => this.#poll(), this.#options.pollIntervalMs);
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #poll(): void {
    const ids = [...new Set(Array.from(this.#watchers, (watcher) => watcher.orderId))];
    let versions: Map<string, number>;
    try {
      const rows = this.#ctx.db
        .select({ id: orders.id, version: orders.version })
        .from(orders)
        .where(inArray(orders.id, ids))
        .all();
      versions = new Map(rows.map((row) => [row.id, row.version]));
    } catch (error) {
      // A timer has no caller to throw to, and the next poll may well succeed.
      this.#ctx.log.warn("could not look for changed orders", { error: String(error) });
      return;
    }
    for (const watcher of this.#watchers) {
      const version = versions.get(watcher.orderId) ?? watcher.version;
      if (version <= watcher.version) continue;
      watcher.version = version;
      watcher.changed();
    }
  }
}
