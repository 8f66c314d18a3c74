import type { Clock } from "../../runtime/clock.ts";
import type { RateLimitConfig } from "../../runtime/topology/model.ts";
import type { User } from "../../sdk/service.ts";
import type { Exchange, Guard } from "../exchange.ts";
import { RecentMap } from "../recent-map.ts";
import type { Responder } from "../responder.ts";

interface Bucket {
  tokens: number;
  /** When `tokens` was right, milliseconds since the epoch. */
  at: number;
}

/** Refilling by fractions must not keep the last millionth of a token back. */
const rounding = 1e-6;

/** Token buckets by name: `requests` at once, refilled evenly over `perMs`. */
export class TokenBuckets {
  readonly #capacity: number;
  readonly #perMs: number;
  readonly #clock: Clock;
  readonly #buckets: RecentMap<string, Bucket>;

  constructor(config: Pick<RateLimitConfig, "requests" | "perMs">, clock: Clock, maxBuckets: number) {
    this.#capacity = config.requests;
    this.#perMs = config.perMs;
    this.#clock = clock;
    this.#buckets = new RecentMap(maxBuckets);
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token. Returns how many are left; below zero there was none, and -n milliseconds bring the next. */
  take(name: string): number {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { tokens: this.#capacity, at: now };
      this.#buckets.set(name, bucket);
    } else if (now > bucket.at) {
      const gained = ((now - bucket.at) * this.#capacity) / this.#perMs;
      bucket.tokens = Math.min(this.#capacity, bucket.tokens + gained);
      bucket.at = now;
    }
    if (bucket.tokens < 1 - rounding)
      return -Math.max(1, ((1 - bucket.tokens) * this.#perMs) / this.#capacity);
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    return bucket.tokens;
  }

  /** Until a bucket with this many tokens is full. */
  msUntilFull(tokens: number): number {
    return ((this.#capacity - tokens) * this.#perMs) / this.#capacity;
  }
}

/**
 * Refuses who asks too often, and tells everyone how much is left, in the header fields that draft-ietf-httpapi-ratelimit-headers
 * had up to version 07 and that clients read.
 */
export function rateLimitGuard(
  config: RateLimitConfig,
  clock: Clock,
  maxBuckets: number,
  responder: Responder,
): Guard {
  const buckets = new TokenBuckets(config, clock, maxBuckets);
  const limit = String(config.requests);
  const byUser = config.by === "user";
  /** Of users whose tokens are known, who are the same objects as long. */
  const names = new WeakMap<User, string>();
  const nameOf = (user: User): string => {
    let name = names.get(user);
    if (name === undefined) {
      // Prefixed: a user must not be able to name itself after somebody's address.
      name = `user ${user.id}`;
      names.set(user, name);
    }
    return name;
  };
  return (x) => {
    const name = byUser && x.user !== undefined ? nameOf(x.user) : x.client.address;
    const left = buckets.take(name);
    if (left >= 0) {
      announce(x, limit, Math.floor(left), buckets.msUntilFull(left));
      return undefined;
    }
    announce(x, limit, 0, -left);
    const detail = `At most ${limit} requests in ${config.perMs / 1000} s; try again in ${seconds(-left)} s.`;
    const headers = ["retry-after", String(seconds(-left))];
    return responder.problem(x, { status: 429, type: "too-many-requests", detail }, headers);
  };
}

function announce(x: Exchange, limit: string, remaining: number, resetMs: number): void {
  x.addHeader("ratelimit-limit", limit);
  x.addHeader("ratelimit-remaining", String(remaining));
  x.addHeader("ratelimit-reset", String(seconds(resetMs)));
}

/** Whole seconds, never too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000 - rounding);
}
