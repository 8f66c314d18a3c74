import { asc } from "drizzle-orm";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from "jose";
import type { IdentityContext } from "./context.ts";
import { signingKeys } from "./schema.ts";

export const signingAlgorithm = "ES256";

export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** Makes the key pair once; instances that start together end up with the same one. */
export async function ensureSigningKey(ctx: IdentityContext): Promise<void> {
  if (ctx.db.select({ kid: signingKeys.kid }).from(signingKeys).get() !== undefined) return;
  const pair = await generateKeyPair(signingAlgorithm, { extractable: true });
  const privateJwk = await exportJWK(pair.privateKey);
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  ctx.transaction((tx) => {
    if (tx.select({ kid: signingKeys.kid }).from(signingKeys).get() !== undefined) return;
    tx.insert(signingKeys).values({ kid, privateJwk, publicJwk, createdAt: Date.now() }).run();
  });
}

export async function loadSigningKey(ctx: IdentityContext): Promise<SigningKey> {
  const row = ctx.db
    .select()
    .from(signingKeys)
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.kid))
    .get();
  if (row === undefined) throw new Error("identity has no signing key; its start makes one");
  const key = await importJWK(row.privateJwk, signingAlgorithm);
  if (key instanceof Uint8Array) throw new Error("the signing key is symmetric");
  return { kid: row.kid, key };
}

/** The JWK set (RFC 7517) that others check access tokens with. */
export function publicKeySet(ctx: IdentityContext): { keys: JWK[] } {
  const rows = ctx.db.select({ kid: signingKeys.kid, jwk: signingKeys.publicJwk }).from(signingKeys).all();
  return { keys: rows.map(({ kid, jwk }) => ({ ...jwk, kid, alg: signingAlgorithm, use: "sig" })) };
}
