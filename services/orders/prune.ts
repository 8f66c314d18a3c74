import { and, asc, lt, lte } from "drizzle-orm";
import type { OrdersContext } from "./context.ts";
import { idempotencyKeys } from "./schema.ts";

/** How long a key is remembered. A client that tries again later than this makes a second order. */
const keyLifetimeMs = 24 * 60 * 60 * 1000;

export interface PruneBounds {
  /** Deleted in one transaction, while nobody else writes: a million at once took 30 s, this some 20 ms. */
  readonly keysPerBatch: number;
  /** Between two of them, for those who wait to write. */
  readonly pauseMs: number;
  /** Those left over are the next run's. */
  readonly maxBatches: number;
}

const defaults: PruneBounds = { keysPerBatch: 200, pauseMs: 10, maxBatches: 200 };

/** Forgets the keys whose time is over, oldest first. After days without a run these can be millions. */
export async function pruneIdempotencyKeys(
  ctx: OrdersContext,
  bounds: Partial<PruneBounds> = {},
): Promise<void> {
  const { keysPerBatch, pauseMs, maxBatches } = { ...defaults, ...bounds };
  const over = lt(idempotencyKeys.createdAt, Date.now() - keyLifetimeMs);
  for (let batch = 0; batch < maxBatches; batch++) {
    if (batch > 0) await Bun.sleep(pauseMs);
    const last = ctx.db
      .select({ createdAt: idempotencyKeys.createdAt })
      .from(idempotencyKeys)
      .where(over)
      .orderBy(asc(idempotencyKeys.createdAt))
      .limit(1)
      .offset(keysPerBatch - 1)
      .get();
    const oldest = last === undefined ? over : and(over, lte(idempotencyKeys.createdAt, last.createdAt));
    ctx.transaction((tx) => tx.delete(idempotencyKeys).where(oldest).run());
    if (last === undefined) return;
  }
}
