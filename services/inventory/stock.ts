import { eq, inArray, sql } from "drizzle-orm";
import type { InventoryTransaction } from "./context.ts";
import { type StockLine, stock } from "./schema.ts";

type Count = "available" | "reserved" | "sold";

/** Why the lines cannot be had, or undefined when all of them can. */
export function shortageOf(
  tx: InventoryTransaction,
  lines: readonly StockLine[],
): "out-of-stock" | "unknown-product" | undefined {
  const rows = tx
    .select()
    .from(stock)
    .where(
      inArray(
        stock.productId,
        lines.map((line) => line.productId),
      ),
    )
    .all();
  const available = new Map(rows.map((row) => [row.productId, row.available]));
  if (lines.some((line) => !available.has(line.productId))) return "unknown-product";
  if (lines.some((line) => available.get(line.productId)! < line.quantity)) return "out-of-stock";
  return undefined;
}

/** Moves each line's quantity from one count to another; the sum of the three stays. Says so as `stock.changed`. */
export function move(tx: InventoryTransaction, lines: readonly StockLine[], from: Count, to: Count): void {
  for (const { productId, quantity } of lines) {
    const row = tx
      .update(stock)
      .set({ [from]: sql`${stock[from]} - ${quantity}`, [to]: sql`${stock[to]} + ${quantity}` })
      .where(eq(stock.productId, productId))
      .returning({ available: stock.available, reserved: stock.reserved })
      .get();
    if (row === undefined) throw new Error(`product ${productId} has no stock to move from ${from} to ${to}`);
    tx.publish("stock.changed", { productId, ...row }, { key: productId, subject: productId });
  }
}
