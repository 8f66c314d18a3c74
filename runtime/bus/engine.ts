import { closest, distance } from "fastest-levenshtein";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger } from "../../sdk/service.ts";
import type { Clock, Random } from "../clock.ts";
import type { TopicConfig, TopicsConfig } from "../topology/model.ts";
import type { TopicInfo } from "./broker.ts";
import type { Consumer, DeliverySink } from "./consumer.ts";
import { DiskLog, TailCache } from "./disk-log.ts";
import { GroupCommit, type PublishDone } from "./group-commit.ts";
import { Ledger } from "./ledger.ts";
import { type BrokerLimits, brokerLimits } from "./limits.ts";
import { MemoryLog } from "./memory-log.ts";
import { recordLength } from "./record.ts";
import { Store, type StoredDead, type StoredTopic } from "./store.ts";
import { Subscription, type SubscriptionStart } from "./subscription.ts";
import { emptyState, unpackState } from "./subscription-state.ts";
import { Topic } from "./topic.ts";

export interface EngineOptions {
  readonly file: string;
  readonly topics: TopicsConfig;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs work after what is already waiting in this turn of the event loop. Default setImmediate. */
  readonly schedule?: ((work: () => void) => void) | undefined;
  readonly log?: Logger | undefined;
  readonly limits?: Partial<BrokerLimits> | undefined;
}

export type Position = { readonly offset: number } | { readonly time: number };

export interface SubscribeRequest {
  readonly topic: string;
  readonly subscription: string;
  readonly consumer: string;
  readonly credit: number;
  readonly from: "earliest" | "latest";
  readonly maxDeliveries?: number | undefined;
  readonly ephemeral: boolean;
}

/** A consumer's seat at a subscription. */
export interface Seat {
  ack(from: number, to: number): void;
  nack(tag: number, reason: string): void;
  /** These were not begun; others get them. */
  release(from: number, to: number): void;
  /** No more deliveries, please. */
  pause(): void;
  /** Its sink is writable again. */
  resume(): void;
  /** `orderly`: it left by itself; see Subscription.detach. */
  leave(orderly: boolean): void;
}

/**
 * The broker without its network: topics on one SQLite file, publishing, subscriptions, dead letters, retention.
 * Nothing in it blocks but the disk. Publishes and deliveries are collected and done once per turn of the event loop.
 */
export class BrokerEngine {
  readonly limits: BrokerLimits;
  readonly #options: EngineOptions;
  readonly #schedule: (work: () => void) => void;
  readonly #topics = new Map<string, Topic>();
  readonly #awake = new Set<Subscription>();
  readonly #wake = (subscription: Subscription) => {
    this.#awake.add(subscription);
    this.#soon();
    this.#flushLater();
  };
  #parts:
    | {
        readonly store: Store;
        readonly ledger: Ledger;
        readonly cache: TailCache;
        readonly commits: GroupCommit;
      }
    | undefined;
  #scheduled = false;
  #cancelFlush: (() => void) | undefined;
  #cancelRetention: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? ((work) => void setImmediate(work));
    this.limits = brokerLimits(options.limits);
  }

  /** Opens the file and makes the declared topics. Throws `data-unwritable`. */
  start(): void {
    const { file, topics } = this.#options;
    const store = new Store(file, this.limits.busyTimeoutMs);
    try {
      const ledger = new Ledger(store, this.limits.unwrittenLetters);
      const commits = new GroupCommit(store, this.#options.clock, this.limits.pendingBytes);
      this.#parts = { store, ledger, cache: new TailCache(this.limits.cacheBytes), commits };
      const stored = new Map(store.topics().map((topic) => [topic.name, topic]));
      store.transaction(() => {
        for (const name of Object.keys(topics.topics)) {
          if (!stored.has(name)) stored.set(name, store.addTopic(name));
        }
      });
      for (const topic of stored.values()) {
        const config = topics.topics[topic.name] ?? topics.autoCreate;
        if (config !== undefined) this.#open(topic, config);
      }
    } catch (error) {
      this.#parts = undefined;
      this.#topics.clear();
      store.close();
      throw error;
    }
    this.#retainLater(this.limits.retentionIntervalMs);
  }

  /** Commits what was published so far, now. */
  flush(): void {
    this.#parts?.commits.flush();
  }

  /** Writes what is waiting and closes the file. Idempotent. */
  stop(): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    parts.commits.flush();
    this.#cancelFlush?.();
    this.#cancelRetention?.();
    for (const topic of this.#topics.values()) {
      for (const subscription of topic.subscriptions.values()) subscription.stop();
    }
    const error = parts.ledger.flush();
    if (error !== undefined)
      this.#options.log?.error("acknowledgements were not stored", { reason: error.message });
    this.#topics.clear();
    this.#awake.clear();
    this.#parts = undefined;
    parts.store.close();
  }

  /** Undefined when writing works; else why not. A failure that has passed is noticed here. */
  fault(): MicrocosmError | undefined {
    if (this.#parts === undefined)
      return new MicrocosmError("broker-unavailable", "The broker is not running");
    return this.#parts.commits.probe();
  }

  /**
   * Appends `count` records, which the caller has checked with areRecords. `done` is called once: after the commit on
   * disk, or with an error, then none of them is in the log. Throws `unknown-topic` and `overloaded`.
   */
  publish(name: string, records: Buffer, count: number, done: PublishDone): void {
    const topic = this.#topic(name);
    if (this.#running().commits.publish(topic, records, count, done)) this.#appended(topic);
    else this.#soon();
  }

  subscribe(request: SubscribeRequest, sink: DeliverySink): Seat {
    const topic = this.#topic(request.topic);
    const subscription = topic.subscriptions.get(request.subscription) ?? this.#create(topic, request);
    subscription.maxDeliveries = request.maxDeliveries ?? topic.config.maxDeliveries;
    const consumer: Consumer = subscription.attach(request.consumer, request.credit, sink);
    return {
      ack: (from, to) => subscription.ack(consumer, from, to),
      nack: (tag, reason) => subscription.nack(consumer, tag, reason),
      release: (from, to) => subscription.release(consumer, from, to),
      pause: () => consumer.pause(),
      resume: () => this.#wake(subscription),
      leave: (orderly) => {
        subscription.detach(consumer, orderly);
        if (!subscription.ephemeral || subscription.consumers > 0) return;
        subscription.stop();
        topic.subscriptions.delete(subscription.name);
        this.#awake.delete(subscription);
      },
    };
  }

  topics(): TopicInfo[] {
    const { store, ledger } = this.#running();
    // On a full disk the numbers are still worth seeing, be it without the newest dead letters.
    ledger.flush();
    return [...this.#topics.values()].map((topic) => topic.info(store.deadCount(topic.id)));
  }

  /** Visits at most `limit` events from a position on, and no more than `readBytes`. */
  read(
    name: string,
    from: Position,
    limit: number,
    visit: (offset: number, records: Buffer, at: number) => void,
  ): void {
    const { log } = this.#topic(name);
    let offset = Math.max(log.firstOffset, this.#offset(name, from));
    let bytes = 0;
    for (let left = limit; left > 0 && bytes < this.limits.readBytes; ) {
      const block = log.block(offset);
      if (block === undefined) return;
      let at = 0;
      for (let i = 0; i < block.count && left > 0 && bytes < this.limits.readBytes; i++) {
        const length = recordLength(block.records, at);
        if (block.firstOffset + i >= offset) {
          visit(block.firstOffset + i, block.records, at);
          bytes += length;
          left--;
        }
        at += length;
      }
      offset = block.firstOffset + block.count;
    }
  }

  /** At most `limit` letters, the oldest first, and no more than `readBytes`. */
  dead(name: string, limit: number): StoredDead[] {
    return this.#flush().store.dead(this.#topic(name).id, limit, this.limits.readBytes);
  }

  replayDead(name: string, ids: readonly string[] | undefined): number {
    const topic = this.#topic(name);
    let count = 0;
    this.#flush(({ store }) => {
      count = store.markReplay(topic.id, ids);
    });
    for (const subscription of topic.subscriptions.values()) subscription.lettersMarked();
    return count;
  }

  purgeDead(name: string, ids: readonly string[] | undefined): number {
    const topic = this.#topic(name);
    let count = 0;
    this.#flush(({ store }) => {
      count = store.purgeDead(topic.id, ids);
    });
    return count;
  }

  /** Moves a subscription; it is stored when this returns. Throws `not-found`. */
  replay(name: string, subscriptionName: string, from: Position): void {
    const topic = this.#topic(name);
    const subscription = topic.subscriptions.get(subscriptionName);
    if (subscription === undefined) {
      throw new MicrocosmError(
        "not-found",
        `Topic ${name} has no subscription ${subscriptionName}${suggest(subscriptionName, [...topic.subscriptions.keys()])}`,
      );
    }
    this.#flush();
    subscription.moveTo(Math.max(topic.log.firstOffset, this.#offset(name, from)));
    this.#flush();
  }

  #offset(name: string, from: Position): number {
    const { log } = this.#topic(name);
    return Math.min(log.nextOffset, "offset" in from ? from.offset : log.offsetAt(from.time));
  }

  #running() {
    if (this.#parts === undefined)
      throw new MicrocosmError("broker-unavailable", "The broker is not running");
    return this.#parts;
  }

  /** What waits for the disk, at once. Throws `data-unwritable`. */
  #flush(also?: (parts: { readonly store: Store }) => void) {
    const parts = this.#running();
    const error = parts.ledger.flush(also && (() => also(parts)));
    if (error !== undefined) throw error;
    return parts;
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    const { topics } = this.#options;
    const { store } = this.#running();
    if (topics.autoCreate === undefined) {
      throw new MicrocosmError(
        "unknown-topic",
        `Topic ${name} is not declared${suggest(name, [...this.#topics.keys()])}`,
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
    return this.#open(stored!, topics.autoCreate);
  }

  #open(stored: StoredTopic, config: TopicConfig): Topic {
    const { store, cache } = this.#running();
    const { ageMs, bytes } = config.retention;
    const { limits } = this;
    const log =
      config.durability === "disk"
        ? new DiskLog(store, cache, stored, {
            maxAgeMs: ageMs,
            maxBytes: bytes,
            retainBlocks: limits.retentionBlocks,
          })
        : new MemoryLog({ maxAgeMs: ageMs, maxBytes: bytes ?? limits.memoryTopicBytes });
    const topic = new Topic(stored.id, stored.name, config, log, {
      blockBytes: limits.blockBytes,
      dedupe: { windowIds: limits.dedupeIds, windowMs: limits.dedupeMs },
    });
    this.#topics.set(topic.name, topic);
    if (!topic.onDisk) return topic;
    for (const { name, cursor, skipped, state } of store.subscriptions(stored.id)) {
      this.#add(topic, name, { cursor, skipped, state: unpackState(state) }, false);
    }
    return topic;
  }

  /** A new subscription's place is on disk before its first delivery: "latest" must mean now, also after a crash. */
  #create(topic: Topic, request: SubscribeRequest): Subscription {
    const cursor = request.from === "earliest" ? topic.log.firstOffset : topic.log.nextOffset;
    const start: SubscriptionStart = { cursor, skipped: 0, state: emptyState };
    const subscription = this.#add(topic, request.subscription, start, request.ephemeral);
    if (!subscription.durable) return subscription;
    const { ledger } = this.#running();
    ledger.changed(subscription);
    try {
      this.#flush();
    } catch (error) {
      topic.subscriptions.delete(subscription.name);
      ledger.forget(subscription);
      throw error;
    }
    return subscription;
  }

  #add(topic: Topic, name: string, start: SubscriptionStart, ephemeral: boolean): Subscription {
    const { store, ledger } = this.#running();
    const { clock, random } = this.#options;
    const { limits } = this;
    const { backoff, ackTimeoutMs, maxDeliveries } = topic.config;
    const subscription = new Subscription(
      { name, topicId: topic.id, log: topic.log, store, ledger, clock, random, wake: this.#wake },
      {
        windowEvents: limits.windowEvents,
        windowBytes: limits.windowBytes,
        replayEvents: limits.replayEvents,
        ackTimeoutMs,
        backoff,
      },
      start,
      { ephemeral, durable: topic.onDisk && !ephemeral, maxDeliveries },
    );
    topic.subscriptions.set(name, subscription);
    return subscription;
  }

  #appended(topic: Topic): void {
    for (const subscription of topic.subscriptions.values()) {
      if (subscription.consumers > 0) this.#awake.add(subscription);
    }
    this.#soon();
  }

  #soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#parts === undefined) return;
    for (const topic of this.#parts.commits.flush()) this.#appended(topic);
    const awake = [...this.#awake];
    this.#awake.clear();
    for (const subscription of awake) {
      try {
        subscription.pump();
      } catch (error) {
        // Reading the file failed; the next event, acknowledgement or consumer wakes the subscription again.
        this.#options.log?.error("delivering failed", {
          subscription: subscription.name,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }

  #flushLater(): void {
    if (this.#cancelFlush !== undefined || this.#parts === undefined || this.#parts.ledger.empty) return;
    this.#cancelFlush = this.#options.clock.after(this.limits.ackFlushMs, () => {
      this.#cancelFlush = undefined;
      const error = this.#parts?.ledger.flush();
      if (error === undefined) return;
      this.#options.log?.error("acknowledgements are not stored, trying again", { reason: error.message });
      this.#flushLater();
    });
  }

  #retainLater(delayMs: number): void {
    const { clock, log } = this.#options;
    this.#cancelRetention = clock.after(delayMs, () => {
      let more = false;
      try {
        for (const topic of this.#topics.values()) more = topic.log.retain(clock.now()) || more;
      } catch (error) {
        log?.error("retention failed", { reason: error instanceof Error ? error.message : String(error) });
      }
      this.#retainLater(more ? this.limits.retentionPauseMs : this.limits.retentionIntervalMs);
    });
  }
}

function suggest(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(name, [...known]);
  return distance(name, near) <= Math.max(2, name.length / 3) ? `; did you mean ${near}?` : "";
}
