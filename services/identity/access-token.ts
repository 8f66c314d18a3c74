import { SignJWT } from "jose";
import type { IdentityContext } from "./context.ts";
import { loadSigningKey, signingAlgorithm, type SigningKey } from "./signing-key.ts";
import type { UserRow } from "./users.ts";

export const tokenIssuer = "microcosm-shop";
export const tokenAudience = "shop";
export const accessTokenSeconds = 15 * 60;

/** Signs the short-lived tokens that the gateway checks: JWT, ES256, claims `sub`, `email`, `name`, `roles`. */
export class AccessTokens {
  readonly #ctx: IdentityContext;
  #key: Promise<SigningKey> | undefined;

  constructor(ctx: IdentityContext) {
    this.#ctx = ctx;
  }

  async issue(user: Pick<UserRow, "id" | "email" | "name" | "roles">): Promise<string> {
    const { kid, key } = await this.#signingKey();
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ email: user.email, name: user.name, roles: [...user.roles] })
      .setProtectedHeader({ alg: signingAlgorithm, kid, typ: "JWT" })
      .setSubject(user.id)
      .setIssuer(tokenIssuer)
      .setAudience(tokenAudience)
      .setIssuedAt(now)
      .setExpirationTime(now + accessTokenSeconds)
      .setJti(crypto.randomUUID())
      .sign(key);
  }

  #signingKey(): Promise<SigningKey> {
    this.#key ??= loadSigningKey(this.#ctx).catch((error) => {
      // A failed load must not be remembered as the answer for good.
      this.#key = undefined;
      throw error;
    });
    return this.#key;
  }
}
