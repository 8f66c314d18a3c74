import type { ServiceContext, Transaction } from "microcosm";
import type { orderEvents } from "./events.ts";
import type * as schema from "./schema.ts";

export type OrdersContext = ServiceContext<typeof schema, typeof orderEvents>;
export type OrdersTransaction = Transaction<typeof schema, typeof orderEvents>;
