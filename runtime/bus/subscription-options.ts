import type { Clock, Random } from "../clock.ts";
import type { Backoff } from "./backoff.ts";
import type { Ledger } from "./ledger.ts";
import type { Store } from "./store.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionState } from "./subscription-state.ts";
import type { TopicLog } from "./topic-log.ts";

export interface SubscriptionSettings {
  /** Offsets between the cursor and the last event read; then the subscription is paused. */
  readonly windowEvents: number;
  /** The same in bytes. */
  readonly windowBytes: number;
  /** Dead letters being replayed at once. */
  readonly replayEvents: number;
  readonly ackTimeoutMs: number;
  readonly backoff: Backoff;
}

export interface SubscriptionParts {
  readonly name: string;
  readonly topicId: number;
  readonly log: TopicLog;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  /** Asks for `pump` soon, once for all that happens meanwhile. */
  readonly wake: (subscription: Subscription) => void;
}

/** Where a subscription begins: from storage, or new. */
export interface SubscriptionStart {
  readonly cursor: number;
  readonly skipped: number;
  readonly state: SubscriptionState;
}

export interface SubscriptionKind {
  /** Forgotten with its last consumer; nothing of it is stored, and what it cannot handle is dropped. */
  readonly ephemeral: boolean;
  /** Whether cursor and state survive the broker: not for ephemeral ones, nor on topics in memory. */
  readonly durable: boolean;
  readonly maxDeliveries: number;
}
