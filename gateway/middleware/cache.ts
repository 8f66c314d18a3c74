import type { Clock } from "../../runtime/clock.ts";
import type { CacheConfig, RouteConfig } from "../../runtime/topology/model.ts";
import type { GatewayBounds } from "../bounds.ts";
import type { Answered, Exchange, Target } from "../exchange.ts";
import type { Origin } from "../origins.ts";
import { RecentMap } from "../recent-map.ts";
import { collect, headerOf, mediaType, type Reply } from "../reply.ts";
import type { Responder } from "../responder.ts";
import { type Compression, type Encoding, encodedEtag } from "./compression.ts";
import { matchesEtag, strongEtag } from "./etag.ts";

interface Entry {
  /** Without `etag`, `cache-control` and `age`. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly etag: string;
  readonly cacheControl: string;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly compressible: boolean;
  readonly encoded: Partial<Record<Encoding, Uint8Array>>;
}

/** What asking the service came to: an entry for everyone, or an answer for the one who asked. */
type Filled = { readonly entry: Entry } | { readonly reply: Reply };

export interface RouteCacheOptions {
  readonly origin: Origin;
  readonly clock: Clock;
  readonly bounds: GatewayBounds;
  readonly compression: Compression | undefined;
  /** Hears where each answer came from. */
  readonly counted?: ((outcome: "hit" | "miss") => void) | undefined;
}

/**
 * Answers of one route, kept for its TTL (RFC 9111, as a shared cache). Concurrent misses of one key make one call. An
 * entry depends on path and query, and on the user if the route varies by user, so nothing else of the request is shown
 * to the service (see `serviceOrigin`).
 */
export class RouteCache {
  /** Topics whose events empty it. */
  readonly purgeOn: readonly string[];
  readonly #config: CacheConfig;
  readonly #options: RouteCacheOptions;
  readonly #defaultCacheControl: string;
  readonly #entries: RecentMap<string, Entry>;
  readonly #filling = new Map<string, Promise<Filled>>();
  #purges = 0;

  constructor(route: RouteConfig, config: CacheConfig, options: RouteCacheOptions) {
    this.purgeOn = config.purgeOn;
    this.#config = config;
    this.#options = options;
    this.#entries = new RecentMap(Math.max(2, config.maxEntries));
    const scope = route.auth === "none" && !config.varyByUser ? "public" : "private";
    this.#defaultCacheControl = `${scope}, max-age=${Math.floor(config.ttlMs / 1000)}`;
  }

  /** Forgets all. Calls under way may have read the old state: they answer who asked, and are not kept. */
  purge(): void {
    this.#purges++;
    this.#entries.clear();
    this.#filling.clear();
  }

  /** `uncached` answers methods that are not GET or HEAD, `failed` when the origin rejects. */
  target(responder: Responder, uncached: Target, failed: (x: Exchange, error: unknown) => Answered): Target {
    return (x) => {
      if (x.method !== "GET" && x.method !== "HEAD") return uncached(x);
      const key = this.#keyOf(x);
      const entry = this.#entries.get(key);
      if (entry !== undefined) {
        if (this.#options.clock.now() - entry.storedAt < this.#config.ttlMs) {
          this.#options.counted?.("hit");
          return this.#serve(x, entry, "hit", responder);
        }
        this.#entries.delete(key);
      }
      return this.#miss(x, key, responder, uncached, failed);
    };
  }

  async #miss(
    x: Exchange,
    key: string,
    responder: Responder,
    uncached: Target,
    failed: (x: Exchange, error: unknown) => Answered,
  ): Promise<Answered> {
    this.#options.counted?.("miss");
    const underWay = this.#filling.get(key);
    let filled: Filled;
    try {
      filled = await (underWay ?? this.#fill(x, key));
    } catch (error) {
      return failed(x, error);
    }
    if ("entry" in filled) return this.#serve(x, filled.entry, "miss", responder);
    // An answer that may not be shared is for the one whose request it answers.
    if (underWay !== undefined) return uncached(x);
    x.addHeader("x-cache", "miss");
    return responder.reply(x, filled.reply);
  }

  #fill(x: Exchange, key: string): Promise<Filled> {
    const filling = this.#load(x, key).finally(() => {
      if (this.#filling.get(key) === filling) this.#filling.delete(key);
    });
    this.#filling.set(key, filling);
    return filling;
  }

  async #load(x: Exchange, key: string): Promise<Filled> {
    const purges = this.#purges;
    const reply = await this.#options.origin(x);
    if (!this.#storable(reply) || reply.body === null) return { reply };
    const { cachedBodyBytes } = this.#options.bounds;
    const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
    const read = await collect(body, cachedBodyBytes);
    if ("stream" in read) return { reply: { ...reply, body: read.stream } };
    const entry = this.#entryOf(reply, read.bytes);
    if (purges === this.#purges) this.#entries.set(key, entry);
    return { entry };
  }

  #storable({ status, headers }: Reply): boolean {
    if (status !== 200 || headerOf(headers, "set-cookie") !== "") return false;
    if (mediaType(headerOf(headers, "content-type")) === "text/event-stream") return false;
    const control = headerOf(headers, "cache-control");
    if (/\b(?:no-store|no-cache)\b|\b(?:s-)?max-age=0\b/i.test(control)) return false;
    if (/\bprivate\b/i.test(control) && !this.#config.varyByUser) return false;
    const vary = headerOf(headers, "vary").toLowerCase();
    return vary === "" || vary === "accept-encoding" || vary === "origin";
  }

  #entryOf(reply: Reply, body: Uint8Array): Entry {
    const given = headerOf(reply.headers, "etag");
    const { compression } = this.#options;
    const owned = new Set(["etag", "cache-control", "age", "x-cache", "content-length"]);
    return {
      headers: reply.headers.filter((_, index, all) => !owned.has(all[index - (index % 2)]!)),
      body,
      etag: given.startsWith('"') ? given : strongEtag(body),
      cacheControl: headerOf(reply.headers, "cache-control") || this.#defaultCacheControl,
      storedAt: this.#options.clock.now(),
      compressible: compression?.worthwhile({ ...reply, body }) ?? false,
      encoded: {},
    };
  }

  #serve(
    x: Exchange,
    entry: Entry,
    outcome: "hit" | "miss",
    responder: Responder,
  ): Answered | Promise<Answered> {
    if (this.#config.varyByUser) x.addHeader("vary", "Authorization");
    const { compression } = this.#options;
    if (!entry.compressible || compression === undefined) return this.#send(x, entry, outcome, responder);
    x.addHeader("vary", "Accept-Encoding");
    const encoding = compression.choose(x.head.acceptEncoding);
    if (encoding === undefined) return this.#send(x, entry, outcome, responder);
    if (entry.encoded[encoding] !== undefined) return this.#send(x, entry, outcome, responder, encoding);
    return this.#encodeAndSend(x, entry, outcome, responder, encoding, compression);
  }

  async #encodeAndSend(
    x: Exchange,
    entry: Entry,
    outcome: "hit" | "miss",
    responder: Responder,
    encoding: Encoding,
    compression: Compression,
  ): Promise<Answered> {
    entry.encoded[encoding] = await compression.compress(entry.body, encoding);
    return this.#send(x, entry, outcome, responder, encoding);
  }

  #send(
    x: Exchange,
    entry: Entry,
    outcome: "hit" | "miss",
    responder: Responder,
    encoding?: Encoding,
  ): Answered {
    const etag = encoding === undefined ? entry.etag : encodedEtag(entry.etag, encoding);
    const own = ["etag", etag, "cache-control", entry.cacheControl, "x-cache", outcome];
    own.push("age", String(Math.floor((this.#options.clock.now() - entry.storedAt) / 1000)));
    // Any encoding of it will do: who has one has the content.
    if (matchesEtag(x.head.ifNoneMatch, etag) || matchesEtag(x.head.ifNoneMatch, entry.etag)) {
      return responder.send(x, 304, own, null);
    }
    const headers = entry.headers.concat(own);
    if (encoding === undefined) return responder.send(x, 200, headers, entry.body);
    headers.push("content-encoding", encoding);
    return responder.send(x, 200, headers, entry.encoded[encoding]!);
  }

  #keyOf(x: Exchange): string {
    const user = this.#config.varyByUser && x.user !== undefined ? x.user.id : "";
    return `${user}\n${x.path}${normalizeQuery(x.query)}`;
  }
}

/** `?b=1&a=2` is `?a=2&b=1`. Values of one name keep their order, which may mean something. */
export function normalizeQuery(query: string): string {
  if (!query.includes("&")) return query === "?" ? "" : query;
  const parameters = query
    .slice(1)
    .split("&")
    .filter((parameter) => parameter !== "");
  const name = (parameter: string) => parameter.split("=", 1)[0]!;
  parameters.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
  return `?${parameters.join("&")}`;
}
