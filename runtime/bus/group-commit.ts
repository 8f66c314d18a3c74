import { MicrocosmError } from "../../sdk/errors.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "./store.ts";
import type { Offsets, Topic } from "./topic.ts";

export type PublishDone = (error: MicrocosmError | undefined, offsets: Offsets) => void;

interface Pending {
  readonly topic: Topic;
  readonly records: Buffer;
  readonly count: number;
  readonly done: PublishDone;
}

/**
 * Group commit (DeWitt et al., Implementation Techniques for Main Memory Database Systems, 1984): all publishes that
 * arrived while the last commit ran go into the next transaction, and one fsync makes them all durable.
 *
 * SQLite blocks this process while it commits, so what arrives meanwhile waits in the sockets, is read in one turn of
 * the event loop and forms the next batch by itself; no timer is needed, and a lone publish waits for nobody.
 */
export class GroupCommit {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  #pending: Pending[] = [];
  #bytes = 0;
  #fault: MicrocosmError | undefined;

  constructor(store: Store, clock: Clock, maxBytes: number) {
    this.#store = store;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /** True when the events are readable at once (a topic in memory), false when they wait for `flush`. */
  publish(topic: Topic, records: Buffer, count: number, done: PublishDone): boolean {
    if (!topic.onDisk) {
      const now = this.#clock.now();
      const offsets = topic.stage(records, count, now);
      topic.write(now);
      topic.commit();
      done(undefined, offsets);
      return true;
    }
    if (this.#bytes + records.length > this.#maxBytes) {
      throw new MicrocosmError("overloaded", `${this.#bytes} bytes of events wait for the disk already`);
    }
    this.#bytes += records.length;
    this.#pending.push({ topic, records, count, done });
    return false;
  }

  /** Commits all that is pending; returns the topics that grew. */
  flush(): readonly Topic[] {
    const pending = this.#pending;
    if (pending.length === 0) return [];
    this.#pending = [];
    this.#bytes = 0;
    const now = this.#clock.now();
    const topics = new Set<Topic>();
    const offsets = pending.map(({ topic, records, count }) => {
      topics.add(topic);
      return topic.stage(records, count, now);
    });
    const grown = [...topics].filter((topic) => topic.staged > 0);
    try {
      if (grown.length > 0) {
        this.#store.transaction(() => {
          for (const topic of grown) topic.write(now);
        });
      }
    } catch (error) {
      this.#fault = error as MicrocosmError;
      for (const topic of topics) topic.rollback();
      for (const { done } of pending) done(this.#fault, 0);
      return [];
    }
    if (grown.length > 0) this.#fault = undefined;
    for (const topic of topics) topic.commit();
    for (let i = 0; i < pending.length; i++) pending[i]!.done(undefined, offsets[i]!);
    return grown;
  }

  /** After a failed commit: whether writing works again. */
  probe(): MicrocosmError | undefined {
    if (this.#fault === undefined) return undefined;
    try {
      this.#store.probe();
      this.#fault = undefined;
    } catch (error) {
      this.#fault = error as MicrocosmError;
    }
    return this.#fault;
  }
}
