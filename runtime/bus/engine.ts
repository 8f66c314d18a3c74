import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger } from "../../sdk/service.ts";
import type { Clock, Random } from "../clock.ts";
import type { TopicsConfig } from "../topology/model.ts";
import type { DeadFilter, TopicInfo } from "./broker.ts";
import type { DeliverySink } from "./consumer.ts";
import { GroupCommit, type PublishDone } from "./group-commit.ts";
import { Ledger } from "./ledger.ts";
import { type BrokerLimits, brokerLimits } from "./limits.ts";
import { LogReader } from "./log-reader.ts";
import { Store, type StoredDead } from "./store.ts";
import type { Position, Seat, SubscribeRequest } from "./subscribe.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";
import type { TopicLog } from "./topic-log.ts";
import { Topics } from "./topics.ts";

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

/**
 * The broker without its network: topics on one SQLite file, publishing, subscriptions, dead letters, retention.
 * Nothing in it blocks but the disk. Publishes and deliveries are collected and done once per turn of the event loop.
 */
export class BrokerEngine {
  readonly limits: BrokerLimits;
  readonly #options: EngineOptions;
  readonly #schedule: (work: () => void) => void;
  readonly #awake = new Set<Subscription>();
  readonly #wake = (subscription: Subscription) => {
    this.#awake.add(subscription);
    this.#soon();
    this.#flushLater();
  };
  #running:
    | {
        readonly store: Store;
        readonly ledger: Ledger;
        readonly commits: GroupCommit;
        readonly topics: Topics;
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
    const { file, topics: config, clock, random } = this.#options;
    const { limits } = this;
    const store = new Store(file, limits);
    try {
      const ledger = new Ledger(store, limits.unwrittenLetters);
      const commits = new GroupCommit(store, clock, limits.pendingBytes);
      const topics = new Topics({ config, store, ledger, clock, random, limits, wake: this.#wake });
      this.#running = { store, ledger, commits, topics };
    } catch (error) {
      store.close();
      throw error;
    }
    this.#retainLater(limits.retentionIntervalMs);
  }

  /** Commits what was published, writes what is waiting, closes the file. Idempotent. */
  stop(): void {
    const parts = this.#running;
    if (parts === undefined) return;
    parts.commits.flush();
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#cancelRetention?.();
    for (const topic of parts.topics.all()) {
      for (const subscription of topic.subscriptions.values()) subscription.stop();
    }
    const error = parts.ledger.flush();
    if (error !== undefined) {
      this.#options.log?.error("acknowledgements were not stored", { reason: error.message });
    }
    this.#awake.clear();
    this.#running = undefined;
    parts.store.close();
  }

  /** Undefined when writing works; else why not. A failure that has passed is noticed here. */
  fault(): MicrocosmError | undefined {
    return this.#running === undefined ? notRunning() : this.#running.commits.probe();
  }

  /**
   * Appends `count` records, which the caller has checked with areRecords. `done` is called once: after the commit on
   * disk, or with an error, then none of them is in the log. Throws `unknown-topic` and `overloaded`.
   */
  publish(name: string, records: Buffer, count: number, done: PublishDone): void {
    const topic = this.#parts().topics.get(name);
    if (this.#parts().commits.publish(topic, records, count, done)) this.#appended(topic);
    else this.#soon();
  }

  subscribe(request: SubscribeRequest, sink: DeliverySink): Seat {
    const { topics } = this.#parts();
    const topic = topics.get(request.topic);
    const subscription =
      topic.subscriptions.get(request.subscription) ?? topics.createSubscription(topic, request);
    subscription.maxDeliveries = request.maxDeliveries ?? topic.config.maxDeliveries;
    const consumer = subscription.attach(request.consumer, request.credit, sink);
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
    const { store, ledger, topics } = this.#parts();
    // On a full disk the numbers are still worth seeing, be it without the newest dead letters.
    ledger.flush();
    return [...topics.all()].map((topic) => topic.info(store.deadCount(topic.id)));
  }

  /** Visits at most `limit` events from a position on, and no more than `readBytes`. */
  read(
    name: string,
    from: Position,
    limit: number,
    visit: (offset: number, records: Buffer, at: number) => void,
  ): void {
    const { log } = this.#parts().topics.get(name);
    const reader = new LogReader(log);
    let offset = clamp(log, from);
    for (let bytes = 0, left = limit; left > 0 && bytes < this.limits.readBytes; left--) {
      if (offset >= log.nextOffset || !reader.find(offset)) return;
      visit(offset, reader.records, reader.at);
      bytes += reader.length;
      offset++;
    }
  }

  /** At most `limit` letters, the oldest first, and no more than `readBytes`. */
  dead(name: string, limit: number, subscription?: string): StoredDead[] {
    const { store, topics } = this.#flush();
    const topic = topics.get(name);
    const letters = store.dead(topic.id, limit, this.limits.readBytes, subscription);
    if (subscription !== undefined && letters.length === 0) topics.subscription(topic, subscription);
    return letters;
  }

  replayDead(name: string, which: DeadFilter = {}): number {
    const topic = this.#parts().topics.get(name);
    const count = this.#changeDead(topic, which, (store) => store.markReplay(topic.id, which));
    for (const subscription of topic.subscriptions.values()) subscription.lettersMarked();
    return count;
  }

  purgeDead(name: string, which: DeadFilter = {}): number {
    const topic = this.#parts().topics.get(name);
    return this.#changeDead(topic, which, (store) => store.purgeDead(topic.id, which));
  }

  /** Moves a subscription; it is stored when this returns. Throws `not-found`. */
  replay(name: string, subscriptionName: string, from: Position): void {
    const { topics } = this.#flush();
    const topic = topics.get(name);
    topics.subscription(topic, subscriptionName).moveTo(clamp(topic.log, from));
    this.#flush();
  }

  /** Letters outlive their subscription: its name is only wrong when there are none of it either. */
  #changeDead(topic: Topic, { subscription }: DeadFilter, change: (store: Store) => number): number {
    let count = 0;
    const { topics } = this.#flush(({ store }) => {
      count = change(store);
    });
    if (subscription !== undefined && count === 0) topics.subscription(topic, subscription);
    return count;
  }

  #parts() {
    if (this.#running === undefined) throw notRunning();
    return this.#running;
  }

  /** What waits for the disk, at once. Throws `data-unwritable`. */
  #flush(also?: (parts: { readonly store: Store }) => void) {
    const parts = this.#parts();
    const error = parts.ledger.flush(also && (() => also(parts)));
    if (error !== undefined) throw error;
    return parts;
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
    if (this.#running === undefined) return;
    for (const topic of this.#running.commits.flush()) this.#appended(topic);
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
    if (this.#cancelFlush !== undefined || this.#running === undefined || this.#running.ledger.empty) return;
    this.#cancelFlush = this.#options.clock.after(this.limits.ackFlushMs, () => {
      this.#cancelFlush = undefined;
      const error = this.#running?.ledger.flush();
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
        for (const topic of this.#running?.topics.all() ?? []) more = topic.log.retain(clock.now()) || more;
      } catch (error) {
        log?.error("retention failed", { reason: error instanceof Error ? error.message : String(error) });
      }
      this.#retainLater(more ? this.limits.retentionPauseMs : this.limits.retentionIntervalMs);
    });
  }
}

/** An offset that the log has, or will have next. */
function clamp(log: TopicLog, from: Position): number {
  const offset = "offset" in from ? from.offset : log.offsetAt(from.time);
  return Math.min(log.nextOffset, Math.max(log.firstOffset, offset));
}

function notRunning(): MicrocosmError {
  return new MicrocosmError("broker-unavailable", "The broker is not running");
}
