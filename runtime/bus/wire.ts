import { type ErrorCode, errorTable, MicrocosmError } from "../../sdk/errors.ts";
import type { Position } from "./subscribe.ts";
import type { Offsets } from "./topic.ts";

/**
 * What goes over a link between a client and the broker: heads as msgpack arrays, the operation's name first.
 *
 * Events travel in notifications, many in each, so that one link costs a frame per turn of the event loop whatever its
 * rate, and their order on the link is the order in which they were sent. A publish is answered by its `sequence`, which
 * the client counts up per link.
 *
 * ```
 * client → broker   ["publish", sequence, topic, count]       body: records (record.ts)
 *                   ["ack", token, ranges]                     flat [from, to] pairs of tags, both included
 *                   ["release", token, ranges]                 tags not begun, back to others; not counted as deliveries
 *                   ["nack", token, failures]                  flat [tag, reason] pairs
 *                   ["pause", token]                           no more deliveries; it is about to unsubscribe
 * broker → client   ["published", sequence, offsets]           first offset, or one per event
 *                   ["refused", sequence, code, message]
 *                   ["deliver", token, firstTag, count]        body: deliveries (delivery.ts)
 *                   ["run", token, firstTag, count, offset]    body: records (record.ts), the log's own bytes: events that
 *                                                              follow each other from `offset` on, each for the first time
 *
 * calls             ["subscribe", token, topic, subscription, consumer, credit, from, maxDeliveries | null, ephemeral]
 *                   ["unsubscribe", token]
 *                   ["topics"]                                 → TopicInfo[]
 *                   ["read", topic, position, limit]           → [count], body: deliveries
 *                   ["dead", topic, limit, subscription | null]             → DeadHead[], body: deliveries in the same order
 *                   ["replay-dead", topic, ids | null, subscription | null] → [count]
 *                   ["purge-dead", topic, ids | null, subscription | null]  → [count]
 *                   ["replay", topic, subscription, position]  → []
 * ```
 *
 * A `token` names a subscription on one link, chosen by the client. A position is ["offset" | "time", number].
 */
export type WirePosition = readonly ["offset" | "time", number];

export type DeadHead = readonly [subscription: string, deliveries: number, reason: string, at: number];

export type PublishHead = readonly ["publish", sequence: number, topic: string, count: number];
export type TagsHead = readonly [op: "ack" | "release", token: number, ranges: readonly number[]];
export type NackHead = readonly ["nack", token: number, failures: readonly (number | string)[]];
export type PublishedHead = readonly ["published", sequence: number, offsets: Offsets];
export type RefusedHead = readonly ["refused", sequence: number, code: string, message: string];
export type DeliverHead = readonly ["deliver", token: number, firstTag: number, count: number];
export type RunHead = readonly ["run", token: number, firstTag: number, count: number, offset: number];
export type SubscribeHead = readonly [
  "subscribe",
  token: number,
  topic: string,
  subscription: string,
  consumer: string,
  credit: number,
  from: "earliest" | "latest",
  maxDeliveries: number | null,
  ephemeral: boolean,
];

/** Events in one publish or delivery; more are split. Bounds what a peer can make the other end count through. */
export const maxEventsPerFrame = 16_384;
/** Most events a consumer may have in flight. */
export const maxCredit = 65_536;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === "string";
const isName = (value: unknown): value is string => isText(value) && value.length > 0 && value.length <= 255;

export function isPublishHead(head: readonly unknown[]): head is PublishHead {
  return (
    head[0] === "publish" &&
    isCount(head[1]) &&
    isText(head[2]) &&
    isCount(head[3]) &&
    head[3] > 0 &&
    head[3] <= maxEventsPerFrame
  );
}

export function isTagsHead(head: readonly unknown[]): head is TagsHead {
  if (head[0] !== "ack" && head[0] !== "release") return false;
  if (!isCount(head[1]) || !Array.isArray(head[2]) || head[2].length % 2 !== 0) return false;
  const ranges: unknown[] = head[2];
  for (let i = 0; i < ranges.length; i += 2) {
    const [from, to] = [ranges[i], ranges[i + 1]];
    if (!isCount(from) || !isCount(to) || to < from || to - from >= maxCredit) return false;
  }
  return true;
}

export function isNackHead(head: readonly unknown[]): head is NackHead {
  if (head[0] !== "nack" || !isCount(head[1]) || !Array.isArray(head[2]) || head[2].length % 2 !== 0)
    return false;
  return head[2].every((value, i) => (i % 2 === 0 ? isCount(value) : isText(value)));
}

export function isSubscribeHead(head: readonly unknown[]): head is SubscribeHead {
  const [op, token, topic, subscription, consumer, credit, from, maxDeliveries, ephemeral] = head;
  return (
    op === "subscribe" &&
    isCount(token) &&
    isText(topic) &&
    isName(subscription) &&
    isName(consumer) &&
    isCount(credit) &&
    credit > 0 &&
    credit <= maxCredit &&
    (from === "earliest" || from === "latest") &&
    (maxDeliveries === null || (isCount(maxDeliveries) && maxDeliveries > 0)) &&
    typeof ephemeral === "boolean"
  );
}

export function isPublishedHead(head: readonly unknown[]): head is PublishedHead {
  return (
    head[0] === "published" &&
    isCount(head[1]) &&
    (isCount(head[2]) || (Array.isArray(head[2]) && head[2].every(isCount)))
  );
}

export function isRefusedHead(head: readonly unknown[]): head is RefusedHead {
  return head[0] === "refused" && isCount(head[1]) && isText(head[2]) && isText(head[3]);
}

export function isDeliverHead(head: readonly unknown[]): head is DeliverHead {
  return head[0] === "deliver" && isCount(head[1]) && isCount(head[2]) && isCount(head[3]);
}

export function isRunHead(head: readonly unknown[]): head is RunHead {
  return head[0] === "run" && isCount(head[1]) && isCount(head[2]) && isCount(head[3]) && isCount(head[4]);
}

export function isIds(value: unknown): value is readonly string[] | null {
  return value === null || (Array.isArray(value) && value.every(isText));
}

export function isNameOrNull(value: unknown): value is string | null {
  return value === null || isName(value);
}

export function positionToWire(from: Position): WirePosition {
  return "offset" in from ? ["offset", from.offset] : ["time", from.time];
}

/** Undefined when it is no position. */
export function positionFromWire(value: unknown): Position | undefined {
  if (!Array.isArray(value) || typeof value[1] !== "number" || !Number.isFinite(value[1])) return undefined;
  if (value[0] === "offset" && isCount(value[1])) return { offset: value[1] };
  if (value[0] === "time") return { time: value[1] };
  return undefined;
}

export function errorFromWire(code: string, message: string): MicrocosmError {
  return Object.hasOwn(errorTable, code)
    ? new MicrocosmError(code as ErrorCode, message)
    : new MicrocosmError("internal", `${code}: ${message}`);
}
