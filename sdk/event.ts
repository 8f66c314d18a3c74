import type { z } from "zod";

/** What a service publishes: topic name → schema of the event's `data`, checked before it leaves. */
export type EventSchemas = Record<string, z.ZodType>;

/** An event as a subscriber sees it: the CloudEvents 1.0 attributes, the topic it came from, and its place there. */
export interface Event<Data = unknown> {
  /** Unique per event; the same for each redelivery and each replay. */
  readonly id: string;
  /** The publishing service, `/orders`. */
  readonly source: string;
  /** Same as the topic unless the publisher said otherwise. */
  readonly type: string;
  /** RFC 3339, when it was published. */
  readonly time: string;
  /** What it is about, e.g. the order's id. */
  readonly subject?: string;
  readonly traceparent?: string;
  readonly topic: string;
  /** Events with the same key are delivered in order, one at a time. */
  readonly key?: string;
  /** Position in the topic, from 0, without gaps per topic. */
  readonly offset: number;
  /** 1 for the first delivery. */
  readonly delivery: number;
  readonly data: Data;
}

/** The data type of a topic: `EventData<typeof orderEvents, "order.placed">`. */
export type EventData<Schemas extends EventSchemas, Topic extends keyof Schemas> = z.output<Schemas[Topic]>;

/** The event type of a topic, for a subscriber that imports the publisher's types only. */
export type EventOf<Schemas extends EventSchemas, Topic extends keyof Schemas> = Event<
  EventData<Schemas, Topic>
>;

export interface PublishOptions {
  /** Order is kept among events with the same key. Default: `subject`, else no order. */
  readonly key?: string;
  readonly subject?: string;
  /** Default: a new UUIDv7. Publishing the same id again within the broker's window has no effect. */
  readonly id?: string;
}
