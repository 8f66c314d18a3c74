import type { ServiceContext } from "microcosm";
import type { catalogEvents } from "./events.ts";
import type * as schema from "./schema.ts";

export type CatalogContext = ServiceContext<typeof schema, typeof catalogEvents>;
