import type { CorsConfig } from "../../runtime/topology/model.ts";
import type { Exchange } from "../exchange.ts";

/** Cross-origin access (https://fetch.spec.whatwg.org/#http-cors-protocol). Its headers are made ahead. */
export class Cors {
  readonly #any: boolean;
  readonly #origins: ReadonlySet<string>;
  readonly #credentials: boolean;
  readonly #expose: string;
  readonly #preflight: readonly string[];

  constructor(config: CorsConfig) {
    // With credentials "*" would be taken literally by browsers; naming each caller's origin would let every page in.
    this.#any = config.origins.includes("*") && !config.credentials;
    this.#origins = new Set(config.origins);
    this.#credentials = config.credentials;
    this.#expose = config.exposeHeaders.join(", ");
    this.#preflight = [
      "access-control-allow-methods",
      config.methods.join(", "),
      "access-control-allow-headers",
      config.headers.join(", "),
      "access-control-max-age",
      String(Math.floor(config.maxAgeMs / 1000)),
    ];
  }

  /** Whether `x` asks, on behalf of a page, if it may send a request. */
  isPreflight(x: Exchange): boolean {
    return (
      x.method === "OPTIONS" && x.origin !== "" && x.request.headers.has("access-control-request-method")
    );
  }

  /** What a preflight's answer says; nothing to a stranger, which the browser takes for a no. */
  preflight(x: Exchange): readonly string[] {
    return this.#allows(x.origin) ? this.#preflight : [];
  }

  apply(x: Exchange, record: Record<string, string>): void {
    if (this.#any) {
      record["access-control-allow-origin"] = "*";
    } else {
      // Even without an origin: a cache must not hand this answer to a page elsewhere.
      record.vary = record.vary === undefined ? "Origin" : `${record.vary}, Origin`;
      if (!this.#allows(x.origin)) return;
      record["access-control-allow-origin"] = x.origin;
      if (this.#credentials) record["access-control-allow-credentials"] = "true";
    }
    if (x.origin !== "" && this.#expose !== "") record["access-control-expose-headers"] = this.#expose;
  }

  #allows(origin: string): boolean {
    return this.#any || (origin !== "" && this.#origins.has(origin));
  }
}
