import { MicrocosmError } from "../../../sdk/errors.ts";
import type { Event } from "../../../sdk/event.ts";
import type { Broker, SubscriptionHandle } from "../../bus/broker.ts";

/** Events read from the log at once. */
const pageSize = 100;
/** A wake-up may be lost while the broker restarts; the log is looked at this often anyway. */
const lookMs = 2000;

export interface EventsQuery {
  readonly offset?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly time?: number | undefined;
  readonly limit?: number | undefined;
  readonly follow: boolean;
}

/**
 * Events of a topic in order: from the given place (default: the beginning; when following: the end) up to the newest,
 * and with `follow` the coming ones until `signal` is aborted. Always read from the log: the subscription that goes with
 * `follow` only tells when to look, so nothing is missed, doubled or queued here.
 */
export async function* eventsOf(
  broker: Broker,
  topic: string,
  query: EventsQuery,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const bell = new Bell(signal);
  const subscription = query.follow ? await ring(broker, topic, bell) : undefined;
  try {
    let from = await beginning(broker, topic, query);
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0 && !signal.aborted) {
      const events = await page(broker, topic, from, Math.min(pageSize, left), query.follow);
      yield* events;
      left -= events.length;
      const last = events[events.length - 1];
      if (last !== undefined) from = { offset: last.offset + 1 };
      else if (query.follow) await bell.rung();
      else return;
    }
  } finally {
    await subscription?.stop();
  }
}

/** One who follows waits for a broker that restarts; one who only reads is told. */
async function page(
  broker: Broker,
  topic: string,
  from: { offset: number } | { time: number },
  size: number,
  patient: boolean,
): Promise<Event[]> {
  try {
    return await broker.read(topic, from, size);
  } catch (error) {
    if (patient && error instanceof MicrocosmError && error.retryable) return [];
    throw error;
  }
}

async function beginning(
  broker: Broker,
  topic: string,
  query: EventsQuery,
): Promise<{ offset: number } | { time: number }> {
  if (query.offset !== undefined) return { offset: query.offset };
  if (query.time !== undefined) return { time: query.time };
  if (!query.follow) return { offset: 0 };
  const topics = await broker.topics();
  return { offset: topics.find((info) => info.topic === topic)?.nextOffset ?? 0 };
}

function ring(broker: Broker, topic: string, bell: Bell): Promise<SubscriptionHandle> {
  return broker.subscribe({
    topic,
    subscription: `tail-${Bun.randomUUIDv7()}`,
    consumer: "supervisor",
    concurrency: pageSize,
    from: "latest",
    ephemeral: true,
    handler: async () => bell.ring(),
  });
}

/** Remembers that it rang until somebody asked. */
class Bell {
  #rang = false;
  #wake: () => void = () => {};

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.ring(), { once: true });
  }

  ring(): void {
    this.#rang = true;
    this.#wake();
  }

  /** Resolves when it rang since the last time, or after `lookMs`. */
  async rung(): Promise<void> {
    if (!this.#rang) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rang = false;
  }
}
