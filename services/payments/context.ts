import type { ServiceContext, Transaction } from "microcosm";
import type { paymentEvents } from "./events.ts";
import type * as schema from "./schema.ts";

export type PaymentsContext = ServiceContext<typeof schema, typeof paymentEvents>;
export type PaymentsTransaction = Transaction<typeof schema, typeof paymentEvents>;
