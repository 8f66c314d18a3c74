import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { MicrocosmError } from "../../sdk/errors.ts";
import { Problem } from "../../sdk/problem.ts";

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
  const wanted = digest(token);
  return async (c, next) => {
    const given = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), wanted)) {
      throw new MicrocosmError(
        "unauthorized",
        "The control API needs the token of control.json in the run directory.",
      );
    }
    await next();
  };
}

/** Equal lengths for a comparison that takes the same time wherever the difference is. */
function digest(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
