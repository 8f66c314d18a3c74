import type { errors, JWTPayload } from "jose";
import type { Clock } from "../../runtime/clock.ts";
import type { GatewayAuthConfig, RouteConfig } from "../../runtime/topology/model.ts";
import type { User } from "../../sdk/service.ts";
import type { Answered, Exchange, Guard } from "../exchange.ts";
import type { KeySet } from "../key-set.ts";
import { problemOf } from "../problems.ts";
import { RecentMap } from "../recent-map.ts";
import type { Responder } from "../responder.ts";

interface Verified {
  readonly user: User;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Why a token is no good, in words for its owner. */
class InvalidToken extends Error {}

/**
 * Checks bearer tokens (JWT, RFC 9068 in spirit: signature, `iss`, `aud`, `exp`, `sub`). The algorithm is pinned, so
 * that a token cannot choose `none` or have the public key taken for an HMAC secret (RFC 8725 §3.1). A verified token is
 * remembered until it expires, and a request that repeats it costs one look-up.
 */
export class TokenVerifier {
  readonly #config: GatewayAuthConfig;
  readonly #keys: KeySet;
  readonly #clock: Clock;
  readonly #verified: RecentMap<string, Verified>;

  constructor(config: GatewayAuthConfig, keys: KeySet, clock: Clock, cacheEntries: number) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
    this.#verified = new RecentMap(cacheEntries);
  }

  /** The user of an `Authorization` header that was verified before and is still good. */
  known(authorization: string): User | undefined {
    const verified = this.#verified.get(authorization);
    if (verified === undefined) return undefined;
    if (verified.expiresAt > this.#clock.now()) return verified.user;
    this.#verified.delete(authorization);
    return undefined;
  }

  /** Rejects with InvalidToken, or a MicrocosmError when the keys cannot be had. */
  async verify(authorization: string): Promise<User> {
    const token = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw new InvalidToken("The Authorization header is not a bearer token");
    const payload = await this.#check(token);
    const user = userOf(payload);
    this.#verified.set(authorization, { user, expiresAt: payload.exp! * 1000 });
    return user;
  }

  async #check(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithm } = this.#config;
    // On the first token: a worker's start should not wait for it.
    const { jwtVerify } = await import("jose");
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        algorithms: [algorithm],
        issuer,
        audience,
        requiredClaims: ["exp", "sub"],
        currentDate: new Date(this.#clock.now()),
      });
      return payload;
    } catch (error) {
      if (isJoseError(error)) throw new InvalidToken(reasonOf(error), { cause: error });
      throw error;
    }
  }
}

function isJoseError(error: unknown): error is errors.JOSEError {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && /^ERR_J(?:OSE|W[A-Z])/.test(code);
}

function reasonOf(error: errors.JOSEError): string {
  switch (error.code) {
    case "ERR_JWT_EXPIRED":
      return "The token has expired";
    case "ERR_JWT_CLAIM_VALIDATION_FAILED":
      return `The token's ${(error as errors.JWTClaimValidationFailed).claim} is not accepted here`;
    case "ERR_JOSE_ALG_NOT_ALLOWED":
      return "The token's algorithm is not accepted here";
    case "ERR_JWKS_NO_MATCHING_KEY":
      return "The token's key is unknown";
    case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
      return "The token's signature is wrong";
    default:
      return "The token is malformed";
  }
}

function userOf(payload: JWTPayload): User {
  const { sub, roles, email } = payload;
  if (typeof sub !== "string" || sub === "") throw new InvalidToken("The token's sub is not accepted here");
  const names = Array.isArray(roles) ? roles.filter((role): role is string => typeof role === "string") : [];
  return typeof email === "string" ? { id: sub, roles: names, email } : { id: sub, roles: names };
}

/** Finds out who asks, and lets only those pass whom the route is for. Undefined for a route without auth. */
export function authGuard(
  route: Pick<RouteConfig, "auth" | "roles">,
  verifier: TokenVerifier,
  responder: Responder,
  realm: string,
): Guard | undefined {
  if (route.auth === "none") return undefined;
  const { roles } = route;
  const challenge = `Bearer realm="${realm}"`;

  const admit = (x: Exchange, user: User): Answered | undefined => {
    x.user = user;
    if (roles.length === 0 || roles.some((role) => user.roles.includes(role))) return undefined;
    const header = `${challenge}, error="insufficient_scope"`;
    const detail = `This needs the role ${roles.join(" or ")}.`;
    return responder.problem(x, { status: 403, type: "forbidden", detail }, ["www-authenticate", header]);
  };
  const refuse = (x: Exchange, error: unknown): Answered => {
    if (!(error instanceof InvalidToken)) return responder.problem(x, problemOf(error, "the token issuer"));
    const header = `${challenge}, error="invalid_token", error_description="${error.message}"`;
    const detail = `${error.message}.`;
    return responder.problem(x, { status: 401, type: "unauthorized", detail }, ["www-authenticate", header]);
  };

  return (x) => {
    if (x.head.authorization === "") {
      if (route.auth === "optional") return undefined;
      const detail = "Sign in first: this needs an access token in the Authorization header.";
      return responder.problem(x, { status: 401, type: "unauthorized", detail }, [
        "www-authenticate",
        challenge,
      ]);
    }
    const known = verifier.known(x.head.authorization);
    if (known !== undefined) return admit(x, known);
    return verifier.verify(x.head.authorization).then(
      (user) => admit(x, user),
      (error: unknown) => refuse(x, error),
    );
  };
}
