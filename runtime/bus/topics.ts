import { closest, distance } from "fastest-levenshtein";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Clock, Random } from "../clock.ts";
import type { TopicConfig, TopicsConfig } from "../topology/model.ts";
import { DiskLog, TailCache } from "./disk-log.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerLimits } from "./limits.ts";
import { MemoryLog } from "./memory-log.ts";
import type { Store, StoredTopic } from "./store.ts";
import type { SubscribeRequest } from "./subscribe.ts";
import { Subscription } from "./subscription.ts";
import type { SubscriptionStart } from "./subscription-options.ts";
import { emptyState, unpackState } from "./subscription-state.ts";
import { Topic } from "./topic.ts";

export interface TopicsOptions {
  readonly config: TopicsConfig;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: BrokerLimits;
  readonly wake: (subscription: Subscription) => void;
}

/** All topics of a broker by name, with the subscriptions that its file knows. */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #cache: TailCache;
  readonly #topics = new Map<string, Topic>();

  /** Makes what is declared and not stored yet. Throws `data-unwritable`. */
  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#cache = new TailCache(options.limits.cacheBytes);
    const { store, config } = options;
    const stored = new Map(store.topics().map((topic) => [topic.name, topic]));
    const missing = Object.keys(config.topics).filter((name) => !stored.has(name));
    if (missing.length > 0) {
      store.transaction(() => {
        for (const name of missing) stored.set(name, store.addTopic(name));
      });
    }
    for (const topic of stored.values()) {
      // One that is declared no longer stays in the file, out of reach, until it is declared again.
      const topicConfig = config.topics[topic.name] ?? config.autoCreate;
      if (topicConfig !== undefined) this.#open(topic, topicConfig);
    }
  }

  all(): Iterable<Topic> {
    return this.#topics.values();
  }

  /** Throws `unknown-topic`, unless unknown ones are made on first use. */
  get(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    const { config, store } = this.#options;
    if (config.autoCreate === undefined) {
      throw new MicrocosmError(
        "unknown-topic",
        `Topic ${name} is not declared${suggestion(name, [...this.#topics.keys()])}`,
      );
    }
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(name)) {
      throw new MicrocosmError(
        "unknown-topic",
        `${JSON.stringify(name.slice(0, 200))} cannot name a topic: up to 200 letters, digits, ".", "-" and "_"`,
      );
    }
    let stored: StoredTopic | undefined;
    store.transaction(() => {
      stored = store.addTopic(name);
    });
    return this.#open(stored!, config.autoCreate);
  }

  /** Throws `not-found`. */
  subscription(topic: Topic, name: string): Subscription {
    const subscription = topic.subscriptions.get(name);
    if (subscription !== undefined) return subscription;
    throw new MicrocosmError(
      "not-found",
      `Topic ${topic.name} has no subscription ${name}${suggestion(name, [...topic.subscriptions.keys()])}`,
    );
  }

  /** A new one's place is on disk before its first delivery: "latest" must mean now, also after a crash. */
  createSubscription(topic: Topic, request: SubscribeRequest): Subscription {
    const cursor = request.from === "earliest" ? topic.log.firstOffset : topic.log.nextOffset;
    const start: SubscriptionStart = { cursor, skipped: 0, state: emptyState };
    const subscription = this.#addSubscription(topic, request.subscription, start, request.ephemeral);
    if (!subscription.durable) return subscription;
    const { ledger } = this.#options;
    ledger.changed(subscription);
    const error = ledger.flush();
    if (error === undefined) return subscription;
    ledger.forget(subscription);
    topic.subscriptions.delete(subscription.name);
    throw error;
  }

  #open(stored: StoredTopic, config: TopicConfig): Topic {
    const { store, limits } = this.#options;
    const { ageMs: maxAgeMs, bytes: maxBytes } = config.retention;
    const log =
      config.durability === "disk"
        ? new DiskLog(store, this.#cache, stored, {
            maxAgeMs,
            maxBytes,
            retainBlocks: limits.retentionBlocks,
          })
        : new MemoryLog({ maxAgeMs, maxBytes: maxBytes ?? limits.memoryTopicBytes });
    const topic = new Topic(stored.id, stored.name, config, log, {
      blockBytes: limits.blockBytes,
      dedupe: { windowIds: limits.dedupeIds, windowMs: limits.dedupeMs },
    });
    this.#topics.set(topic.name, topic);
    if (!topic.onDisk) return topic;
    for (const { name, cursor, skipped, state } of store.subscriptions(stored.id)) {
      this.#addSubscription(topic, name, { cursor, skipped, state: unpackState(state) }, false);
    }
    return topic;
  }

  #addSubscription(topic: Topic, name: string, start: SubscriptionStart, ephemeral: boolean): Subscription {
    const { store, ledger, clock, random, limits, wake } = this.#options;
    const { backoff, ackTimeoutMs, maxDeliveries } = topic.config;
    const { windowEvents, windowBytes, replayEvents } = limits;
    const subscription = new Subscription(
      { name, topicId: topic.id, log: topic.log, store, ledger, clock, random, wake },
      { windowEvents, windowBytes, replayEvents, ackTimeoutMs, backoff },
      start,
      { ephemeral, durable: topic.onDisk && !ephemeral, maxDeliveries },
    );
    topic.subscriptions.set(name, subscription);
    return subscription;
  }
}

function suggestion(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(name, [...known]);
  return distance(name, near) <= Math.max(2, name.length / 3) ? `; did you mean ${near}?` : "";
}
