import type { ServiceContext } from "microcosm";
import type * as schema from "./schema.ts";

/** It listens only: there is nothing that it publishes. */
export type NotificationsContext = ServiceContext<typeof schema, Record<never, never>>;
