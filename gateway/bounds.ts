/** What the gateway holds and waits for at the most, beyond what the topology sets. Units stand last in the names. */
export interface GatewayBounds {
  /** Verified tokens remembered, so that a repeated token costs no signature check. */
  readonly tokenCacheEntries: number;
  /** Rate-limit buckets per route. The longest unused are forgotten first; a forgotten bucket is a full one. */
  readonly rateLimitBuckets: number;
  /** Unknown key ids make the gateway fetch the key set again, but not more often than this. */
  readonly jwksRefetchIntervalMs: number;
  readonly jwksTimeoutMs: number;
  /** Request bodies up to this are read whole before the call; larger ones are streamed. */
  readonly bufferedBodyBytes: number;
  /** Largest answer a route's cache keeps. */
  readonly cachedBodyBytes: number;
  /** Largest answer of one part of an aggregate. */
  readonly partBodyBytes: number;
  /** Smaller answers are not worth compressing. */
  readonly compressFromBytes: number;
  /** Compressed on the event loop up to this, on another thread above. */
  readonly compressInlineBytes: number;
  /** Larger answers leave as they are. */
  readonly compressToBytes: number;
  /** Compressed static files kept in memory. */
  readonly compressedFiles: number;
  /** How often draining looks whether all requests have ended. */
  readonly drainPollMs: number;
  /** How long stopping waits for the broker to confirm. */
  readonly unsubscribeTimeoutMs: number;
  /** Failed calls of one kind to one service are logged this often, with their number. */
  readonly failureLogIntervalMs: number;
}

export const defaultBounds: GatewayBounds = {
  tokenCacheEntries: 10_000,
  rateLimitBuckets: 100_000,
  jwksRefetchIntervalMs: 5_000,
  jwksTimeoutMs: 5_000,
  bufferedBodyBytes: 64 * 1024,
  cachedBodyBytes: 256 * 1024,
  partBodyBytes: 1024 * 1024,
  compressFromBytes: 1024,
  compressInlineBytes: 64 * 1024,
  compressToBytes: 8 * 1024 * 1024,
  compressedFiles: 256,
  drainPollMs: 10,
  unsubscribeTimeoutMs: 1_000,
  failureLogIntervalMs: 1_000,
};
