import type { createLocalJWKSet, JWTVerifyGetKey } from "jose";
import type { Mesh } from "../runtime/calls/mesh.ts";
import type { Clock } from "../runtime/clock.ts";
import type { GatewayAuthConfig } from "../runtime/topology/model.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { GatewayBounds } from "./bounds.ts";
import { collect } from "./reply.ts";

/** No key set is nearly this large. */
const maxKeySetBytes = 256 * 1024;

export interface KeySetOptions {
  readonly jwks: GatewayAuthConfig["jwks"];
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly bounds: GatewayBounds;
}

/**
 * The keys that tokens are signed with, fetched over the mesh on first use. A key id it does not know makes it fetch
 * again, because keys rotate; at most every `jwksRefetchIntervalMs`, because anyone can invent key ids.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** For jose. Rejects with jose's `JWKSNoMatchingKey`, or a MicrocosmError when the keys cannot be had. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined) await this.#fetch();
    try {
      return await this.#keys!(header, token);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_JWKS_NO_MATCHING_KEY" || !this.#mayRefetch())
        throw error;
      await this.#fetch();
      return await this.#keys!(header, token);
    }
  };

  #mayRefetch(): boolean {
    const { clock, bounds } = this.#options;
    return this.#fetching !== undefined || clock.now() - this.#fetchedAt >= bounds.jwksRefetchIntervalMs;
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #load(): Promise<void> {
    const { jwks, mesh, clock, bounds } = this.#options;
    const now = clock.now();
    // A set that cannot be had is asked for again by the next request; only answers count for the interval.
    const reply = await mesh.call(
      jwks.service,
      { method: "GET", path: jwks.path, headers: ["accept", "application/json"], body: null },
      { deadline: now + bounds.jwksTimeoutMs, traceparent: "" },
    );
    const read = await collect(reply.body, maxKeySetBytes);
    if (reply.status !== 200 || !("bytes" in read)) {
      throw new MicrocosmError(
        "no-ready-instance",
        `${jwks.service} has no key set at ${jwks.path}: ${reply.status}`,
      );
    }
    const { createLocalJWKSet } = await import("jose");
    try {
      this.#keys = createLocalJWKSet(JSON.parse(new TextDecoder().decode(read.bytes)));
    } catch (cause) {
      throw new MicrocosmError("no-ready-instance", `${jwks.service}${jwks.path} is not a JWKS`, { cause });
    }
    this.#fetchedAt = now;
  }
}
