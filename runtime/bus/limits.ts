/** Every bound of the broker, with its unit. */
export interface BrokerLimits {
  /** Events published and not committed yet, over all links; more are refused as `overloaded`. */
  readonly pendingBytes: number;
  /** Records of one commit to one topic are stored in blocks of about this. */
  readonly blockBytes: number;
  /** Newest records of all topics on disk kept in memory for subscribers that keep up, with the objects around them. */
  readonly cacheBytes: number;
  /** What a topic in memory holds when its retention names no size. */
  readonly memoryTopicBytes: number;
  /** How far a subscription reads ahead of its cursor. */
  readonly windowEvents: number;
  readonly windowBytes: number;
  /** Dead letters of a subscription that are delivered again at a time. */
  readonly replayEvents: number;
  /** Acknowledgements are on disk after this; a crash before it delivers those events again. */
  readonly ackFlushMs: number;
  /** Dead letters waiting for the disk at which subscriptions take nothing new. */
  readonly unwrittenLetters: number;
  /** An event id is known again for `dedupeMs`, unless this many later ones came on its topic. */
  readonly dedupeIds: number;
  readonly dedupeMs: number;
  readonly retentionIntervalMs: number;
  /** Blocks that one step of retention deletes; the next step follows after `retentionPauseMs`. */
  readonly retentionBlocks: number;
  readonly retentionPauseMs: number;
  /** One answer to `read`. */
  readonly readBytes: number;
  /** The log's file grows to this; then publishes fail as on a full disk. */
  readonly fileBytes: number;
  /** How long to wait for the file's lock: the previous broker may be ending. */
  readonly busyTimeoutMs: number;
}

const MiB = 1024 * 1024;

export const defaultBrokerLimits: BrokerLimits = {
  pendingBytes: 64 * MiB,
  blockBytes: 256 * 1024,
  cacheBytes: 8 * MiB,
  memoryTopicBytes: 16 * MiB,
  windowEvents: 8192,
  windowBytes: 16 * MiB,
  replayEvents: 64,
  ackFlushMs: 100,
  unwrittenLetters: 1024,
  dedupeIds: 65_536,
  dedupeMs: 120_000,
  retentionIntervalMs: 5000,
  retentionBlocks: 256,
  retentionPauseMs: 50,
  readBytes: 4 * MiB,
  fileBytes: 2 ** 40,
  busyTimeoutMs: 5000,
};

/** Throws a RangeError that names the limit at fault. */
export function brokerLimits(given: Partial<BrokerLimits> = {}): BrokerLimits {
  const limits = { ...defaultBrokerLimits, ...given };
  for (const [key, value] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`${key} must be a positive whole number, not ${value}`);
    }
  }
  return limits;
}
