import { eq, lt, notInArray } from "drizzle-orm";
import type { Transaction } from "microcosm";
import type { IdentityContext } from "./context.ts";
import type { identityEvents } from "./events.ts";
import type * as schema from "./schema.ts";
import { refreshTokens, tokenFamilies, users } from "./schema.ts";
import type { UserRow } from "./users.ts";

type Tx = Transaction<typeof schema, typeof identityEvents>;

const lifetimeMs = 30 * 24 * 60 * 60 * 1000;

export type Rotation =
  | { readonly ok: true; readonly user: UserRow; readonly refreshToken: string }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "revoked" | "reused" };

/** Begins a family: the tokens that follow from one log-in. */
export function issueRefreshToken(ctx: IdentityContext, userId: string): string {
  return ctx.transaction((tx) => {
    const familyId = Bun.randomUUIDv7();
    tx.insert(tokenFamilies).values({ id: familyId, userId }).run();
    return addToken(tx, familyId);
  });
}

/**
 * Trades a refresh token for its successor (RFC 6819, 5.2.2.3). A token that was traded before is in the hands of two
 * parties, and nobody knows which is the thief: the whole family ends. The write lock makes one winner of a race.
 */
export function rotateRefreshToken(ctx: IdentityContext, token: string): Rotation {
  const tokenHash = hashOf(token);
  const now = Date.now();
  // Refusals are returned, not thrown: a throw would roll the revocation back.
  return ctx.transaction((tx): Rotation => {
    const found = tx
      .select({ token: refreshTokens, family: tokenFamilies, user: users })
      .from(refreshTokens)
      .innerJoin(tokenFamilies, eq(tokenFamilies.id, refreshTokens.familyId))
      .innerJoin(users, eq(users.id, tokenFamilies.userId))
      .where(eq(refreshTokens.tokenHash, tokenHash))
      .get();
    if (found === undefined) return { ok: false, reason: "unknown" };
    if (found.family.revokedAt !== null) return { ok: false, reason: "revoked" };
    if (found.token.usedAt !== null) {
      tx.update(tokenFamilies).set({ revokedAt: now }).where(eq(tokenFamilies.id, found.family.id)).run();
      return { ok: false, reason: "reused" };
    }
    if (found.token.expiresAt <= now) return { ok: false, reason: "expired" };
    tx.update(refreshTokens).set({ usedAt: now }).where(eq(refreshTokens.tokenHash, tokenHash)).run();
    return { ok: true, user: found.user, refreshToken: addToken(tx, found.family.id) };
  });
}

/** Forgets tokens past their time, and families that have none left. */
export function pruneRefreshTokens(ctx: IdentityContext): void {
  ctx.transaction((tx) => {
    tx.delete(refreshTokens).where(lt(refreshTokens.expiresAt, Date.now())).run();
    const alive = tx.selectDistinct({ id: refreshTokens.familyId }).from(refreshTokens);
    tx.delete(tokenFamilies).where(notInArray(tokenFamilies.id, alive)).run();
  });
}

function addToken(tx: Tx, familyId: string): string {
  const token = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url" });
  tx.insert(refreshTokens)
    .values({ tokenHash: hashOf(token), familyId, expiresAt: Date.now() + lifetimeMs })
    .run();
  return token;
}

/** 256 random bits need no salt and no slow hash. */
function hashOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}
