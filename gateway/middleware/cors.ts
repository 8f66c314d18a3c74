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
    return x.method === "OPTIONS" && x.head.isPreflight;
  }

  /** What a preflight's answer says; nothing to a stranger, which the browser takes for a no. */
  preflight(x: Exchange): readonly string[] {
    return this.#allows(x.head.origin) ? this.#preflight : [];
  }

  /** Even without an origin: a cache must not hand this answer to a page elsewhere. */
  get varies(): boolean {
    return !this.#any;
  }

  /** Lines of an answer's head. */
  fields(x: Exchange): string {
    const { origin } = x.head;
    if (!this.#allows(origin)) return "";
    let fields = `access-control-allow-origin: ${this.#any ? "*" : origin}\r\n`;
    if (!this.#any && this.#credentials) fields += "access-control-allow-credentials: true\r\n";
    if (origin !== "" && this.#expose !== "") fields += `access-control-expose-headers: ${this.#expose}\r\n`;
    return fields;
  }

  #allows(origin: string): boolean {
    return this.#any || (origin !== "" && this.#origins.has(origin));
  }
}
