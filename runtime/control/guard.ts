import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { MicrocosmError } from "../../sdk/errors.ts";
import { Problem } from "../../sdk/problem.ts";
import type { Session } from "./session.ts";

/**
 * Refuses what a web page elsewhere could send. A page of another site that calls loopback brings its own Origin; one
 * that got a name of its own to resolve to 127.0.0.1 (DNS rebinding) brings that name as Host. The token alone would
 * keep both out as long as nobody can make a browser send it; this holds even then.
 */
export function sameOriginOnly(port: () => number): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`, `[::1]:${port()}`];
    if (!hosts.includes(host)) {
      throw new Problem(403, "foreign-host", `The control API does not answer to the host "${host}".`);
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new Problem(403, "foreign-origin", `The control API does not answer to pages of ${origin}.`);
    }
    await next();
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", "no-store");
  };
}

/** Lets pass who has the token, from the run's control.json. */
export function bearerOnly(token: string): MiddlewareHandler {
  const bearer = bearerOf(token);
  return async (c, next) => {
    if (!bearer(c)) throw unauthorized();
    await next();
  };
}

/**
 * Lets pass who has the token or a page's session. A browser adds the session's cookie by itself, so it must also say that
 * the request comes from the page itself: pages on other ports of this host count as the same site, and get cookies along.
 */
export function bearerOrSession(token: string, session: Session): MiddlewareHandler {
  const bearer = bearerOf(token);
  return async (c, next) => {
    if (!bearer(c)) {
      if (!session.has(c)) throw unauthorized();
      if (!isOwnPage(c))
        throw new Problem(403, "foreign-origin", "A session is for the dashboard's own pages.");
    }
    await next();
  };
}

/** Old browsers say less; then a request that changes something needs an Origin, which sameOriginOnly has compared. */
function isOwnPage(c: Context): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || (site === "none" && c.req.method === "GET");
  return c.req.method === "GET" || c.req.header("origin") !== undefined;
}

function bearerOf(token: string): (c: Context) => boolean {
  return (c) => isSecret(/^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1], token);
}

function unauthorized(): MicrocosmError {
  return new MicrocosmError(
    "unauthorized",
    "The control API needs the token of control.json in the run directory.",
  );
}

/** Takes the same time wherever the difference is. */
export function isSecret(given: string | undefined, wanted: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(wanted));
}

/** Equal lengths for the comparison. */
function digest(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
