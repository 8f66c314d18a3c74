import type { Event } from "../../sdk/event.ts";

/** An event on its way to the broker. `data` is msgpack bytes that the broker stores and passes on unread. */
export interface EventRecord {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly subject?: string | undefined;
  readonly key?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly data: Uint8Array;
}

export interface Delivery {
  readonly event: Event;
  /** Why the event is here once more, when `event.delivery` > 1. */
  readonly lastError?: string | undefined;
}

export interface SubscribeOptions {
  readonly topic: string;
  /** Durable name, `notifications`: the consumers that share it compete. */
  readonly subscription: string;
  /** This consumer, `notifications-1`. */
  readonly consumer: string;
  readonly concurrency: number;
  readonly from: "earliest" | "latest";
  readonly maxDeliveries?: number | undefined;
  /** Forgotten by the broker when its last consumer leaves: tails, cache purges. */
  readonly ephemeral?: boolean | undefined;
  /** Resolves: ack. Rejects: nack, redelivered after the topic's backoff. At most `concurrency` at once. */
  readonly handler: (delivery: Delivery) => Promise<void>;
}

export interface SubscriptionHandle {
  /** Takes no further deliveries, waits for those under way, tells the broker. Idempotent. */
  stop(): Promise<void>;
}

export interface TopicInfo {
  readonly topic: string;
  readonly durability: "disk" | "memory";
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly messages: number;
  readonly bytes: number;
  readonly dead: number;
  readonly subscriptions: readonly SubscriptionInfo[];
}

export interface SubscriptionInfo {
  readonly subscription: string;
  readonly consumers: readonly string[];
  /** Everything below is acknowledged or dead. */
  readonly cursor: number;
  readonly lag: number;
  readonly inFlight: number;
  readonly waitingRetry: number;
  /** It takes nothing new: its window above the cursor is full, or a consumer's link is clogged. */
  readonly paused: boolean;
  /** Events that retention took before this subscription had read them. */
  readonly skipped: number;
}

export interface DeadLetter {
  readonly event: Event;
  readonly subscription: string;
  readonly deliveries: number;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Which dead letters of a topic; all that fit both, all of the topic without either. */
export interface DeadFilter {
  /** Of events. One event may be dead in several subscriptions. */
  readonly ids?: readonly string[] | undefined;
  readonly subscription?: string | undefined;
}

/** A client of the message log. One durable implementation in the broker worker; others are remote systems. */
export interface Broker {
  /**
   * Resolves with the offset once the event is as durable as its topic promises. While the broker is away it waits,
   * in order, until `deadline` (absolute ms); then `broker-unavailable`. An unknown topic is `unknown-topic`.
   */
  publish(topic: string, event: EventRecord, deadline: number): Promise<number>;
  /** Survives the broker's restart: re-subscribes by itself. */
  subscribe(options: SubscribeOptions): Promise<SubscriptionHandle>;
  topics(): Promise<TopicInfo[]>;
  /** Events from `from` on (offset, or a time in ms since the epoch), at most `limit`. */
  read(topic: string, from: { offset: number } | { time: number }, limit: number): Promise<Event[]>;
  /** The oldest first. A subscription that is not there, and has left no letters, is `not-found`; also below. */
  dead(topic: string, limit: number, subscription?: string): Promise<DeadLetter[]>;
  /** Delivers dead letters to their subscription again. Returns how many. */
  replayDead(topic: string, which?: DeadFilter): Promise<number>;
  purgeDead(topic: string, which?: DeadFilter): Promise<number>;
  /** Moves a subscription's cursor back or forth; everything from there is delivered again. */
  replay(topic: string, subscription: string, from: { offset: number } | { time: number }): Promise<void>;
  stop(): Promise<void>;
}
