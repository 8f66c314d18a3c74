import { Hono } from "hono";
import { z } from "zod";
import type { Broker, EventRecord } from "../../bus/broker.ts";
import { encodeData } from "../../bus/data.ts";
import { newTraceparent } from "../../calls/trace.ts";
import { systemClock, systemRandom } from "../../clock.ts";
import type { Recorder } from "../../telemetry/recorder/recorder.ts";
import { traceIdOf } from "../../telemetry/recorder/trace-context.ts";
import { EventTelemetry } from "../../worker/event-telemetry.ts";
import type { PublishedByHand } from "../api.ts";
import { bodyOf, flag, queryOf } from "../input.ts";
import { ndjson } from "../ndjson.ts";
import type { Action } from "../timeline.ts";
import { eventsOf } from "./tail.ts";

const publishTimeoutMs = 10_000;

const offset = z.coerce.number().int().min(0).optional();
const time = z.coerce.number().min(0).optional();
const limit = z.coerce.number().int().min(1).max(100_000).optional();
const eventsQuery = z.strictObject({ offset, time, limit, follow: flag.default(false) });
const subscription = z.string().min(1).optional();
const deadQuery = z.strictObject({ limit: limit.default(100), subscription });
const publishInput = z.strictObject({
  data: z.unknown().refine((value) => value !== undefined, "expected the event's data"),
  key: z.string().optional(),
  subject: z.string().optional(),
});
const replayInput = z
  .strictObject({
    subscription: z.string().min(1),
    offset: z.number().int().min(0).optional(),
    time: z.number().min(0).optional(),
  })
  .refine((value) => (value.offset === undefined) !== (value.time === undefined), "expected offset or time");
const deadInput = z.strictObject({ ids: z.array(z.string().min(1)).min(1).optional(), subscription });

export interface BusRouteOptions {
  readonly broker: Broker;
  readonly ending: AbortSignal;
  /** Hears what was done to the bus, in the timeline's words. */
  readonly acted?: ((action: Action) => void) | undefined;
  /** Takes the spans of what is published here. */
  readonly recorder?: Recorder | undefined;
}

export function busRoutes({ broker, ending, acted = () => {}, recorder }: BusRouteOptions): Hono {
  const telemetry = recorder && new EventTelemetry(recorder);
  const letters = (count: number, topic: string, { subscription }: { subscription?: string | undefined }) =>
    `${count} dead ${count === 1 ? "letter" : "letters"} of ${subscription === undefined ? topic : `${subscription} in ${topic}`}`;
  return new Hono()
    .get("/topics", async (c) => c.json(await broker.topics()))
    .get("/topics/:topic/events", async (c) => {
      const topic = c.req.param("topic");
      const query = queryOf(c, eventsQuery);
      // A wrong topic is an answer of its own, which a stream under way could not give any more.
      await broker.read(topic, { offset: 0 }, 1);
      return ndjson((signal) => eventsOf(broker, topic, query, signal), { ending, follow: query.follow });
    })
    .post("/topics/:topic/events", async (c) => {
      const { data, key, subject } = await bodyOf(c, publishInput);
      const topic = c.req.param("topic");
      const now = systemClock.now();
      const id = Bun.randomUUIDv7();
      // A name that somebody got wrong gets no metrics, which would be kept.
      await broker.read(topic, { offset: 0 }, 1);
      const span = telemetry?.publish(topic, undefined);
      const record: EventRecord = {
        id,
        source: "/supervisor",
        type: topic,
        time: now,
        subject,
        key: key ?? subject,
        traceparent: span?.traceparent ?? newTraceparent(systemRandom),
        data: encodeData(data),
      };
      let offset: number;
      try {
        offset = await broker.publish(topic, record, now + publishTimeoutMs);
        span?.ended(record, offset);
      } catch (error) {
        span?.ended(record, -1, error);
        throw error;
      }
      acted({ text: `publish to ${topic}` });
      const published: PublishedByHand = {
        id,
        offset,
        ...(span && { traceId: traceIdOf(span.traceparent) }),
      };
      return c.json(published, 201);
    })
    .post("/topics/:topic/replay", async (c) => {
      const input = await bodyOf(c, replayInput);
      const from = input.offset === undefined ? { time: input.time! } : { offset: input.offset };
      const topic = c.req.param("topic");
      await broker.replay(topic, input.subscription, from);
      const since =
        input.offset === undefined ? new Date(input.time!).toISOString() : `offset ${input.offset}`;
      acted({ text: `replay ${topic} for ${input.subscription} from ${since}` });
      return c.json({});
    })
    .get("/topics/:topic/dead", async (c) => {
      const query = queryOf(c, deadQuery);
      return c.json(await broker.dead(c.req.param("topic"), query.limit, query.subscription));
    })
    .post("/topics/:topic/dead/replay", async (c) => {
      const which = await bodyOf(c, deadInput);
      const topic = c.req.param("topic");
      const count = await broker.replayDead(topic, which);
      acted({ text: `replay ${letters(count, topic, which)}` });
      return c.json({ count });
    })
    .post("/topics/:topic/dead/purge", async (c) => {
      const which = await bodyOf(c, deadInput);
      const topic = c.req.param("topic");
      const count = await broker.purgeDead(topic, which);
      acted({ text: `discard ${letters(count, topic, which)}` });
      return c.json({ count });
    });
}
