import { defineService } from "microcosm";
import { ensureAdmin } from "./admin.ts";
import { identityApi } from "./api.ts";
import { identityEvents } from "./events.ts";
import init from "./migrations/0001_init.sql" with { type: "text" };
import { Passwords } from "./passwords.ts";
import { pruneRefreshTokens } from "./refresh-token.ts";
import * as schema from "./schema.ts";
import { ensureSigningKey } from "./signing-key.ts";

const pruneIntervalMs = 60 * 60 * 1000;

/** Accounts, passwords and tokens. */
export const identity = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  events: identityEvents,
  api: identityApi,
  async start(ctx) {
    await Promise.all([ensureSigningKey(ctx), ensureAdmin(ctx, new Passwords(ctx.env))]);
    ctx.every(pruneIntervalMs, () => pruneRefreshTokens(ctx));
  },
});
