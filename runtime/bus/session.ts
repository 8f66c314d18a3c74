import { MicrocosmError } from "../../sdk/errors.ts";
import type { IncomingCall, Link } from "../transport/transport.ts";
import { DeliveryWriter } from "./delivery.ts";
import type { BrokerEngine } from "./engine.ts";
import { LinkSink, type LinkSinkOptions } from "./link-sink.ts";
import { areRecords, asBuffer } from "./record.ts";
import type { Seat } from "./subscribe.ts";
import {
  type DeadHead,
  isIds,
  isNackHead,
  isNameOrNull,
  isPublishHead,
  isSubscribeHead,
  isTagsHead,
  type PublishHead,
  positionFromWire,
  type SubscribeHead,
} from "./wire.ts";

type Answer = readonly [head: unknown, body?: Uint8Array];

/** The broker's end of one client's link. */
export class Session {
  readonly #engine: BrokerEngine;
  readonly #link: Link;
  readonly #options: LinkSinkOptions;
  readonly #seats = new Map<number, Seat>();
  #clogged = false;

  constructor(engine: BrokerEngine, link: Link, options: LinkSinkOptions) {
    this.#engine = engine;
    this.#link = link;
    this.#options = options;
  }

  /** Never throws: a head that is not understood is answered where it can be, and dropped where not. */
  notified(head: unknown, body: Uint8Array): void {
    if (!Array.isArray(head)) return;
    if (isPublishHead(head)) this.#publish(head, asBuffer(body));
    else if (isTagsHead(head)) {
      const seat = this.#seats.get(head[1]);
      const ranges = head[2];
      for (let i = 0; i < ranges.length; i += 2) {
        if (head[0] === "ack") seat?.ack(ranges[i]!, ranges[i + 1]!);
        else seat?.release(ranges[i]!, ranges[i + 1]!);
      }
    } else if (head[0] === "pause") this.#seats.get(head[1])?.pause();
    else if (isNackHead(head)) {
      const seat = this.#seats.get(head[1]);
      const failures = head[2];
      for (let i = 0; i < failures.length; i += 2)
        seat?.nack(failures[i] as number, failures[i + 1] as string);
    } else if (head[0] === "publish" && typeof head[1] === "number") {
      this.#refuse(
        head[1],
        new MicrocosmError("bad-request", "a publish that is not [sequence, topic, count]"),
      );
    }
  }

  called(call: IncomingCall): void {
    try {
      if (!Array.isArray(call.head)) throw badCall("not an array");
      const [head, body] = this.#answer(call.head);
      call.reply(head, body ?? null);
    } catch (error) {
      call.fail(
        error instanceof MicrocosmError
          ? error
          : new MicrocosmError("internal", `the broker failed: ${String(error)}`, { cause: error }),
      );
    }
  }

  closed(): void {
    const seats = [...this.#seats.values()];
    this.#seats.clear();
    for (const seat of seats) seat.leave(false);
  }

  #publish([, sequence, topic, count]: PublishHead, records: Buffer): void {
    try {
      if (!areRecords(records, 0, records.length, count)) {
        throw new MicrocosmError("bad-request", `a publish to ${topic} whose body is not ${count} records`);
      }
      this.#engine.publish(topic, records, count, (error, offsets) => {
        if (error !== undefined) this.#refuse(sequence, error);
        else this.#link.notify(["published", sequence, offsets]);
      });
    } catch (error) {
      this.#refuse(
        sequence,
        error instanceof MicrocosmError
          ? error
          : new MicrocosmError("internal", String(error), { cause: error }),
      );
    }
  }

  #refuse(sequence: number, error: MicrocosmError): void {
    this.#link.notify(["refused", sequence, error.code, error.message]);
  }

  #answer(head: readonly unknown[]): Answer {
    const engine = this.#engine;
    const topic = typeof head[1] === "string" ? head[1] : "";
    switch (head[0]) {
      case "subscribe":
        if (!isSubscribeHead(head)) throw badCall("subscribe");
        this.#subscribe(head);
        return [[]];
      case "unsubscribe":
        this.#unsubscribe(head[1] as number);
        return [[]];
      case "topics":
        return [engine.topics()];
      case "read":
        return this.#read(topic, head[2], head[3]);
      case "dead":
        return this.#dead(topic, head[2], head[3]);
      case "replay-dead":
      case "purge-dead": {
        const [, , ids, subscription] = head;
        if (!isIds(ids) || !isNameOrNull(subscription)) throw badCall(head[0]);
        const which = { ids: ids ?? undefined, subscription: subscription ?? undefined };
        return [
          [head[0] === "replay-dead" ? engine.replayDead(topic, which) : engine.purgeDead(topic, which)],
        ];
      }
      case "replay": {
        const from = positionFromWire(head[3]);
        if (from === undefined || typeof head[2] !== "string") throw badCall("replay");
        engine.replay(topic, head[2], from);
        return [[]];
      }
      default:
        throw badCall(String(head[0]));
    }
  }

  #read(topic: string, position: unknown, limit: unknown): Answer {
    const from = positionFromWire(position);
    if (from === undefined || typeof limit !== "number") throw badCall("read");
    const writer = new DeliveryWriter();
    this.#engine.read(topic, from, limit, (offset, records, at) => {
      writer.append(offset, 1, undefined, records, at);
    });
    return [[writer.count], writer.take()];
  }

  #dead(topic: string, limit: unknown, of: unknown): Answer {
    if (typeof limit !== "number" || !isNameOrNull(of)) throw badCall("dead");
    const writer = new DeliveryWriter();
    const heads: DeadHead[] = [];
    const letters = this.#engine.dead(topic, limit, of ?? undefined);
    for (const { subscription, offset, deliveries, reason, at, record } of letters) {
      writer.append(offset, deliveries, undefined, record, 0);
      heads.push([subscription, deliveries, reason, at]);
    }
    return [heads, writer.take()];
  }

  #unsubscribe(token: number): void {
    const seat = this.#seats.get(token);
    this.#seats.delete(token);
    seat?.leave(true);
  }

  #subscribe(head: SubscribeHead): void {
    const [, token, topic, subscription, consumer, credit, from, maxDeliveries, ephemeral] = head;
    if (this.#seats.has(token)) throw badCall(`token ${token} is taken`);
    const sink = new LinkSink(this.#link, token, this.#options, () => this.#clog());
    const request = {
      topic,
      subscription,
      consumer,
      credit,
      from,
      ephemeral,
      maxDeliveries: maxDeliveries ?? undefined,
    };
    this.#seats.set(token, this.#engine.subscribe(request, sink));
  }

  /** The client reads too slowly: look again when the link has drained. */
  #clog(): void {
    if (this.#clogged) return;
    this.#clogged = true;
    this.#link.drained().then(() => {
      this.#clogged = false;
      for (const seat of this.#seats.values()) seat.resume();
    });
  }
}

function badCall(what: string): MicrocosmError {
  return new MicrocosmError("bad-request", `The broker does not understand the call: ${what.slice(0, 100)}`);
}
