import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { EventRecord } from "../bus/broker.ts";
import { metric } from "../telemetry/names.ts";
import type { ExponentialHistogram } from "../telemetry/recorder/histogram.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { noParent, parentInContext } from "../telemetry/recorder/ended-span.ts";
import type { Described, SpanShape } from "../telemetry/recorder/span-shape.ts";
import { isContext } from "../telemetry/recorder/trace-context.ts";

/** What is measured of one topic. */
interface TopicTelemetry {
  readonly publish: SpanShape;
  readonly process: SpanShape;
  readonly published: Durations;
  readonly processed: Durations;
  readonly delay: ExponentialHistogram;
}

interface Durations {
  readonly ok: ExponentialHistogram;
  readonly error: ExponentialHistogram;
}

/** Spans and durations of what a worker publishes and handles (OpenTelemetry's messaging conventions). */
export class EventTelemetry {
  readonly recorder: Recorder;
  readonly #subscription: string;
  readonly #topics = new Map<string, TopicTelemetry>();

  /** `subscription` is that of the events it handles: a service's has its name. */
  constructor(recorder: Recorder, subscription: string = recorder.owner.service) {
    this.recorder = recorder;
    this.#subscription = subscription;
  }

  /** A publish begins, within the span that `parent` names, or as the root of a trace. */
  publish(topic: string, parent: string | undefined): PublishSpan {
    return new PublishSpan(this.recorder, this.#of(topic), parent);
  }

  /** A delivery begins. */
  deliver(event: Event): DeliverySpan {
    return new DeliverySpan(this.recorder, this.#of(event.topic), event);
  }

  #of(topic: string): TopicTelemetry {
    let known = this.#topics.get(topic);
    if (known === undefined) {
      known = telemetryOf(topic, this.#subscription, this.recorder);
      this.#topics.set(topic, known);
    }
    return known;
  }
}

/** From `publish` until the broker has it; in a transaction until the commit, after which nothing is lost. */
export class PublishSpan {
  /** Goes with the event: what it causes belongs under this span. */
  readonly traceparent: string;
  readonly #recorder: Recorder;
  readonly #topic: TopicTelemetry;
  readonly #parent: string | undefined;
  readonly #span: number;
  readonly #startMs: number;

  constructor(recorder: Recorder, topic: TopicTelemetry, parent: string | undefined) {
    this.#recorder = recorder;
    this.#topic = topic;
    this.#parent = parent;
    this.#span = recorder.begin();
    this.#startMs = recorder.now();
    this.traceparent = parent === undefined ? recorder.root(this.#span) : recorder.child(parent, this.#span);
  }

  /** `offset` -1: not known yet. Without a record the event never came to be. */
  ended(record: EventRecord | undefined, offset: number, error?: unknown): void {
    const durationMs = this.#recorder.now() - this.#startMs;
    const { published, publish } = this.#topic;
    const failure = error === undefined ? "" : failureOf(error);
    (failure === "" ? published.ok : published.error).recordWithin(durationMs, this.traceparent);
    this.#recorder.span(
      publish,
      this.#parent ?? this.traceparent,
      this.#span,
      this.#parent === undefined ? noParent : parentInContext,
      this.#startMs,
      durationMs,
      failure,
      record?.id ?? "",
      record?.key ?? "",
      offset,
      0,
    );
  }
}

/** One delivery of an event to a handler. */
export class DeliverySpan {
  /** Names this span: what the handler does belongs under it. */
  readonly traceparent: string;
  readonly #recorder: Recorder;
  readonly #topic: TopicTelemetry;
  readonly #event: Event;
  readonly #published: boolean;
  readonly #span: number;
  readonly #startMs: number;

  constructor(recorder: Recorder, topic: TopicTelemetry, event: Event) {
    const { traceparent } = event;
    this.#recorder = recorder;
    this.#topic = topic;
    this.#event = event;
    this.#published = traceparent !== undefined && isContext(traceparent);
    this.#span = recorder.begin();
    this.#startMs = recorder.now();
    this.traceparent = this.#published ? recorder.child(traceparent!, this.#span) : recorder.root(this.#span);
    topic.delay.record(this.#startMs - Date.parse(event.time));
  }

  ended(error?: unknown): void {
    const durationMs = this.#recorder.now() - this.#startMs;
    const { processed, process } = this.#topic;
    const { id, key, offset, delivery, traceparent } = this.#event;
    const failure = error === undefined ? "" : failureOf(error);
    (failure === "" ? processed.ok : processed.error).recordWithin(durationMs, this.traceparent);
    this.#recorder.span(
      process,
      this.#published ? traceparent! : this.traceparent,
      this.#span,
      this.#published ? parentInContext : noParent,
      this.#startMs,
      durationMs,
      failure,
      id,
      key ?? "",
      offset,
      delivery,
    );
  }
}

function telemetryOf(topic: string, subscription: string, { metrics }: Recorder): TopicTelemetry {
  const durations = (name: string, labels: Record<string, string>): Durations => ({
    ok: metrics.histogram(name, "ms", { ...labels, outcome: "ok" }),
    error: metrics.histogram(name, "ms", { ...labels, outcome: "error" }),
  });
  const fixed = {
    "messaging.system.name": "microcosm",
    "messaging.destination.name": topic,
    "server.address": "broker",
  };
  return {
    published: durations(metric.publishDuration, { topic }),
    processed: durations(metric.processDuration, { topic, subscription }),
    delay: metrics.histogram(metric.deliveryDelay, "ms", { topic, subscription }),
    publish: {
      kind: "producer",
      describe: (id, key, offset): Described => ({
        name: `publish ${topic}`,
        attributes: {
          ...fixed,
          "messaging.operation.type": "send",
          "messaging.operation.name": "publish",
          ...messageAttributes(id, key, offset),
        },
      }),
    },
    process: {
      kind: "consumer",
      linked: true,
      describe: (id, key, offset, delivery): Described => ({
        name: `process ${topic}`,
        attributes: {
          ...fixed,
          "messaging.operation.type": "process",
          "messaging.operation.name": "process",
          "messaging.consumer.group.name": subscription,
          ...messageAttributes(id, key, offset),
          ...(delivery > 1 ? { "microcosm.delivery": delivery } : {}),
        },
      }),
    },
  };
}

function messageAttributes(id: string, key: string, offset: number): Record<string, string | number> {
  return {
    ...(id === "" ? {} : { "messaging.message.id": id }),
    ...(key === "" ? {} : { "microcosm.event.key": key.slice(0, 256) }),
    ...(offset < 0 ? {} : { "microcosm.event.offset": offset }),
  };
}

function failureOf(error: unknown): string {
  if (error instanceof MicrocosmError) return error.code;
  return error instanceof Error ? error.name : "error";
}
