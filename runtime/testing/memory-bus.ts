import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type {
  Broker,
  DeadLetter,
  EventRecord,
  SubscribeOptions,
  SubscriptionHandle,
  TopicInfo,
} from "../bus/broker.ts";
import { decodeData } from "../bus/data.ts";
import type { PublishedEvent } from "./options.ts";

/** The bus as one service under test sees it: takes what is published and keeps it for the test to look at. */
export class MemoryBus implements Broker {
  readonly #topics: ReadonlySet<string> | undefined;
  readonly #published: PublishedEvent[] = [];
  readonly #ids = new Set<string>();

  constructor(topics: readonly string[] | undefined) {
    this.#topics = topics === undefined ? undefined : new Set(topics);
  }

  get published(): readonly PublishedEvent[] {
    return this.#published;
  }

  /** An id that is here already has no effect, as at the broker. */
  publish(topic: string, record: EventRecord): Promise<number> {
    if (this.#topics?.has(topic) === false) {
      return Promise.reject(new MicrocosmError("unknown-topic", `There is no topic "${topic}"`));
    }
    const known = `${topic}\n${record.id}`;
    const ofTopic = this.#published.filter((event) => event.topic === topic);
    if (this.#ids.has(known)) return Promise.resolve(ofTopic.findIndex((event) => event.id === record.id));
    this.#ids.add(known);
    this.#published.push(toPublished(topic, record));
    return Promise.resolve(ofTopic.length);
  }

  /** The test delivers by itself, straight to the handlers. */
  subscribe(_options: SubscribeOptions): Promise<SubscriptionHandle> {
    return Promise.resolve({ stop: () => Promise.resolve() });
  }

  topics(): Promise<TopicInfo[]> {
    return notHere("topics");
  }

  read(): Promise<Event[]> {
    return notHere("read");
  }

  dead(): Promise<DeadLetter[]> {
    return notHere("dead");
  }

  replayDead(): Promise<number> {
    return notHere("replayDead");
  }

  purgeDead(): Promise<number> {
    return notHere("purgeDead");
  }

  replay(): Promise<void> {
    return notHere("replay");
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** Services cannot reach these. */
function notHere<R>(method: string): Promise<R> {
  return Promise.reject(new MicrocosmError("internal", `The bus of a TestService has no ${method}()`));
}

export function toPublished(topic: string, record: EventRecord): PublishedEvent {
  const { id, source, type, time, subject, key, traceparent, data } = record;
  return {
    id,
    topic,
    source,
    type,
    time: new Date(time).toISOString(),
    ...(subject === undefined ? {} : { subject }),
    ...(key === undefined ? {} : { key }),
    ...(traceparent === undefined ? {} : { traceparent }),
    data: decodeData(data),
  };
}
