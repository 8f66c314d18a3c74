/** A place in a topic: an offset, or the first event the broker took at a time (ms since the epoch) or later. */
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
