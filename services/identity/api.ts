import { Hono } from "hono";
import { problem, type ServiceEnv, validate } from "microcosm";
import { z } from "zod";
import { AccessTokens, accessTokenSeconds } from "./access-token.ts";
import type { IdentityContext } from "./context.ts";
import { Passwords } from "./passwords.ts";
import { issueRefreshToken, rotateRefreshToken } from "./refresh-token.ts";
import { publicKeySet } from "./signing-key.ts";
import { newUser, normalisedEmail, register, type UserRow, userByEmail } from "./users.ts";

const credentials = z.object({
  email: normalisedEmail.min(1, "is missing"),
  password: z.string().min(1, "is missing").max(1000, "takes at most 1000 characters"),
});

const refreshRequest = z.object({ refreshToken: z.string().min(1, "is missing").max(200) });

export function identityApi(ctx: IdentityContext) {
  const passwords = new Passwords(ctx.env);
  const accessTokens = new AccessTokens(ctx);

  const tokenPair = async (user: UserRow, refreshToken: string) => ({
    accessToken: await accessTokens.issue(user),
    refreshToken,
    tokenType: "Bearer" as const,
    expiresIn: accessTokenSeconds,
  });

  return new Hono<ServiceEnv>()
    .post("/users", validate("json", newUser), async (c) => {
      return c.json(await register(ctx, passwords, c.req.valid("json")), 201);
    })
    .post("/tokens", validate("json", credentials), async (c) => {
      const { email, password } = c.req.valid("json");
      const user = userByEmail(ctx, email);
      const matches = await passwords.verify(password, user?.passwordHash);
      // One answer for both, so that it does not tell which e-mails have accounts.
      if (user === undefined || !matches) {
        throw problem(401, "bad-credentials", "E-mail or password is wrong");
      }
      return c.json(await tokenPair(user, issueRefreshToken(ctx, user.id)), 200, noStore);
    })
    .post("/tokens/refresh", validate("json", refreshRequest), async (c) => {
      const rotation = rotateRefreshToken(ctx, c.req.valid("json").refreshToken);
      if (!rotation.ok) {
        if (rotation.reason === "reused")
          ctx.log.warn("a used refresh token came back; its family is revoked");
        throw problem(401, "bad-refresh-token", "The refresh token is not valid any more; sign in again");
      }
      return c.json(await tokenPair(rotation.user, rotation.refreshToken), 200, noStore);
    })
    .get("/.well-known/jwks.json", (c) => c.json(publicKeySet(ctx)));
}

export type IdentityApi = ReturnType<typeof identityApi>;

/** Tokens must not stay in any cache (RFC 6749, 5.1). */
const noStore = { "cache-control": "no-store" };
