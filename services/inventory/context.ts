import type { ServiceContext, Transaction } from "microcosm";
import type { inventoryEvents } from "./events.ts";
import type * as schema from "./schema.ts";

export type InventoryContext = ServiceContext<typeof schema, typeof inventoryEvents>;
export type InventoryTransaction = Transaction<typeof schema, typeof inventoryEvents>;
