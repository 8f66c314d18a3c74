import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isSecret } from "./guard.ts";

/**
 * The dashboard's session, a cookie of the browser. Cookies do not know ports: the name has the port in it, so that two
 * runs do not sign each other out; and the value is not the token itself but made from it, since the gateway on the same
 * host gets the cookie along too.
 */
export class Session {
  readonly #port: () => number;
  readonly #value: string;

  constructor(token: string, port: () => number) {
    this.#port = port;
    this.#value = new Bun.CryptoHasher("sha256", token).update("dashboard session").digest("base64url");
  }

  has(c: Context): boolean {
    return isSecret(getCookie(c, this.#name), this.#value);
  }

  /** Until the browser is closed; the run's end makes it worthless before. */
  open(c: Context): void {
    setCookie(c, this.#name, this.#value, { path: "/", httpOnly: true, sameSite: "Strict" });
  }

  get #name(): string {
    return `microcosm-${this.#port()}`;
  }
}
