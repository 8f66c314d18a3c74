import type { ServiceContext } from "microcosm";
import type { identityEvents } from "./events.ts";
import type * as schema from "./schema.ts";

export type IdentityContext = ServiceContext<typeof schema, typeof identityEvents>;
