/** What the engine's tests stand on: a clock that moves when told, and consumers that note what they get. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import { type Clock, seededRandom } from "../clock.ts";
import type { TopicConfig, TopicsConfig } from "../topology/model.ts";
import { VirtualClock } from "../virtual-clock.ts";
import type { DeliverySink } from "./consumer.ts";
import { encodeData } from "./data.ts";
import { BrokerEngine } from "./engine.ts";
import type { Entry } from "./entry.ts";
import type { BrokerLimits } from "./limits.ts";
import { EventReader, RecordWriter } from "./record.ts";
import type { Run } from "./run.ts";
import type { Seat, SubscribeRequest } from "./subscribe.ts";
import type { Offsets } from "./topic.ts";

export const diskTopic: TopicConfig = {
  durability: "disk",
  retention: {},
  maxDeliveries: 3,
  backoff: { firstMs: 100, maxMs: 1000 },
  ackTimeoutMs: 5000,
};

export interface Received {
  readonly tag: number;
  readonly event: Event;
  readonly lastError: string | undefined;
  readonly at: number;
}

/** A consumer in the test's hand. */
export class TestConsumer implements DeliverySink {
  readonly received: Received[] = [];
  readonly #reader = new EventReader();
  readonly #clock: Clock;
  readonly #topic: string;
  writable = true;
  seat!: Seat;

  constructor(topic: string, clock: Clock) {
    this.#topic = topic;
    this.#clock = clock;
  }

  push(tag: number, { records, at, offset, deliveries, lastError }: Entry): void {
    const event = this.#reader.read(records, at, this.#topic, offset, deliveries);
    this.received.push({ tag, event, lastError, at: this.#clock.now() });
  }

  pushRun(run: Run): void {
    for (let i = 0; i < run.count; i++) {
      const offset = run.offset + i;
      const event = this.#reader.read(run.records, run.locate(offset), this.#topic, offset, 1);
      this.received.push({ tag: run.tag + i, event, lastError: undefined, at: this.#clock.now() });
    }
  }

  flush(): void {}

  /** What came since the last look: data of each event. */
  take(): unknown[] {
    return this.received.splice(0).map(({ event }) => event.data);
  }

  last(): Received {
    return this.received.at(-1)!;
  }

  ack(...received: readonly Received[]): void {
    for (const { tag } of received) this.seat.ack(tag, tag);
  }

  nack(received: Received, reason = "no"): void {
    this.seat.nack(received.tag, reason);
  }
}

/** An engine on a folder of its own, its turns run by the test. */
export class EngineFixture {
  readonly clock = new VirtualClock();
  readonly directory = mkdtempSync(join(tmpdir(), "bus-engine-"));
  readonly file: string;
  readonly #topics: TopicsConfig;
  readonly #limits: Partial<BrokerLimits>;
  #work: (() => void)[] = [];
  #ids = 0;
  engine: BrokerEngine;

  constructor(
    topics: Readonly<Record<string, Partial<TopicConfig>>>,
    limits: Partial<BrokerLimits> = {},
    autoCreate?: TopicConfig,
    /** ":memory:" spares a test that keeps nothing the disk. */
    file = "broker.sqlite",
  ) {
    this.file = file === ":memory:" ? file : join(this.directory, file);
    const full = Object.fromEntries(
      Object.entries(topics).map(([name, config]) => [name, { ...diskTopic, ...config }]),
    );
    this.#topics = autoCreate === undefined ? { topics: full } : { topics: full, autoCreate };
    this.#limits = limits;
    this.engine = this.#start();
  }

  /** Runs the turns of the event loop that the engine asked for. */
  turn(): void {
    for (let work = this.#work.shift(); work !== undefined; work = this.#work.shift()) work();
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.turn();
  }

  /** Publishes without waiting for the commit. */
  begin(topic: string, events: readonly { data: unknown; key?: string; id?: string }[]) {
    const writer = new RecordWriter();
    for (const { data, key, id } of events) {
      writer.append(topic, {
        id: id ?? `id-${++this.#ids}`,
        source: "/test",
        type: topic,
        time: this.clock.now(),
        key,
        data: encodeData(data),
      });
    }
    const outcome: { error?: MicrocosmError | undefined; offsets?: Offsets } = {};
    this.engine.publish(topic, writer.take(), events.length, (error, offsets) => {
      outcome.error = error;
      if (error === undefined) outcome.offsets = offsets;
    });
    return outcome;
  }

  /** Publishes one by one, in one turn; returns their offsets. */
  publish(
    topic: string,
    ...events: readonly (number | string | { data: unknown; key?: string; id?: string })[]
  ) {
    const outcomes = events.map((event) =>
      this.begin(topic, [typeof event === "object" ? event : { data: event }]),
    );
    this.turn();
    for (const { error } of outcomes) if (error !== undefined) throw error;
    return outcomes.map(({ offsets }) => (typeof offsets === "number" ? offsets : offsets?.[0]));
  }

  subscribe(topic: string, options: Partial<SubscribeRequest> = {}): TestConsumer {
    const consumer = new TestConsumer(topic, this.clock);
    consumer.seat = this.engine.subscribe(
      {
        topic,
        subscription: "s",
        consumer: "c-1",
        credit: 100,
        from: "earliest",
        ephemeral: false,
        ...options,
      },
      consumer,
    );
    this.turn();
    return consumer;
  }

  info(topic: string) {
    return this.engine.topics().find((info) => info.topic === topic)!;
  }

  subscription(topic: string, name = "s") {
    return this.info(topic).subscriptions.find(({ subscription }) => subscription === name)!;
  }

  /** Stops in order and starts on the same file. */
  restart(): void {
    this.engine.stop();
    this.engine = this.#start();
  }

  close(): void {
    this.engine.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #start(): BrokerEngine {
    this.#work = [];
    const engine = new BrokerEngine({
      file: this.file,
      topics: this.#topics,
      clock: this.clock,
      random: seededRandom(1),
      schedule: (work) => this.#work.push(work),
      limits: { busyTimeoutMs: 1000, ...this.#limits },
    });
    engine.start();
    return engine;
  }
}
