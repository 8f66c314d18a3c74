import type { Link } from "../transport/transport.ts";
import type { Delivery, SubscribeOptions } from "./broker.ts";
import { readDeliveries } from "./delivery.ts";
import { Fifo } from "./fifo.ts";
import { EventReader } from "./record.ts";

/** An event in this process, from its arrival until the broker is told how it went. */
interface Task {
  delivery: Delivery;
  readonly key: string | undefined;
  /** Its number on the link that `epoch` counts. */
  tag: number;
  epoch: number;
}

/**
 * The consumer's end of a subscription: runs the handler at most `concurrency` at once and once per key, gathers
 * acknowledgements of a turn of the event loop into one frame, and outlives links. What was begun before a link broke is
 * finished; when the broker sends the same event again meanwhile, it is not begun a second time.
 */
export class ClientSubscription {
  readonly token: number;
  readonly options: SubscribeOptions;
  readonly #schedule: (work: () => void) => void;
  readonly #reader = new EventReader();
  readonly #waiting = new Fifo<Task>();
  /** Events under way, by offset. */
  readonly #running = new Map<number, Task>();
  /** Keys under way, and the tasks that wait for them. */
  readonly #lanes = new Map<string, Fifo<Task>>();
  #link: Link | undefined;
  #epoch = 0;
  #stopping = false;
  #acked: number[] = [];
  #released: number[] = [];
  #failed: (number | string)[] = [];
  #scheduled = false;
  #onIdle: (() => void) | undefined;

  constructor(token: number, options: SubscribeOptions, schedule: (work: () => void) => void) {
    this.token = token;
    this.options = options;
    this.#schedule = schedule;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  opened(link: Link): void {
    this.#link = link;
    this.#epoch++;
  }

  /** What was not begun comes again over the next link. */
  closed(): void {
    this.#link = undefined;
    this.#waiting.clear();
    for (const lane of this.#lanes.values()) lane.clear();
    this.#acked = [];
    this.#released = [];
    this.#failed = [];
  }

  /** False when `body` is not `count` deliveries. */
  deliver(firstTag: number, count: number, body: Buffer): boolean {
    const { topic } = this.options;
    let tag = firstTag;
    return readDeliveries(body, count, (offset, delivery, lastError, at) => {
      const mine = tag++;
      if (this.#stopping) {
        this.#released.push(mine);
        this.#soon();
        return;
      }
      const running = this.#running.get(offset);
      if (running !== undefined) {
        // Sent again while the handler is at it: its outcome answers this delivery.
        if (running.epoch === this.#epoch) this.#released.push(running.tag);
        running.tag = mine;
        running.epoch = this.#epoch;
        return;
      }
      try {
        const event = this.#reader.read(body, at, topic, offset, delivery);
        this.#take({ delivery: { event, lastError }, key: event.key, tag: mine, epoch: this.#epoch });
      } catch (error) {
        this.#failed.push(mine, `the event's data cannot be read: ${messageOf(error)}`);
        this.#soon();
      }
    });
  }

  /** Takes nothing further; resolves when all handlers under way have ended and their outcome was sent. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#link?.notify(["pause", this.token]);
      for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
        this.#released.push(task.tag);
      }
      for (const lane of this.#lanes.values()) {
        for (let task = lane.shift(); task !== undefined; task = lane.shift()) this.#released.push(task.tag);
      }
      this.#soon();
    }
    if (this.#running.size > 0) {
      await new Promise<void>((resolve) => {
        const earlier = this.#onIdle;
        this.#onIdle = () => {
          earlier?.();
          resolve();
        };
      });
    }
    this.#flush();
  }

  #take(task: Task): void {
    const { key } = task;
    if (key !== undefined) {
      const lane = this.#lanes.get(key);
      if (lane !== undefined) {
        lane.push(task);
        return;
      }
      this.#lanes.set(key, new Fifo());
    }
    this.#begin(task);
  }

  #begin(task: Task): void {
    if (this.#running.size >= this.options.concurrency) this.#waiting.push(task);
    else this.#run(task);
  }

  #run(task: Task): void {
    this.#running.set(task.delivery.event.offset, task);
    let outcome: Promise<void>;
    try {
      // A handler in plain JavaScript may return nothing.
      outcome = Promise.resolve(this.options.handler(task.delivery));
    } catch (error) {
      outcome = Promise.reject(error);
    }
    // Not an async function: one costs twice as much per event.
    outcome.then(
      () => this.#finish(task, undefined),
      (error: unknown) => this.#finish(task, messageOf(error)),
    );
  }

  #finish(task: Task, failure: string | undefined): void {
    this.#running.delete(task.delivery.event.offset);
    if (task.epoch === this.#epoch && this.#link !== undefined) {
      if (failure === undefined) this.#acked.push(task.tag);
      else this.#failed.push(task.tag, failure);
      this.#soon();
    }
    this.#next(task.key);
    if (this.#running.size === 0) this.#onIdle?.();
  }

  #next(key: string | undefined): void {
    if (key !== undefined) {
      const successor = this.#lanes.get(key)?.shift();
      if (successor === undefined) this.#lanes.delete(key);
      else this.#begin(successor);
    }
    if (this.#running.size < this.options.concurrency) {
      const task = this.#waiting.shift();
      if (task !== undefined) this.#run(task);
    }
  }

  #soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const link = this.#link;
    const [acked, released, failed] = [this.#acked, this.#released, this.#failed];
    this.#acked = [];
    this.#released = [];
    this.#failed = [];
    if (link === undefined) return;
    if (acked.length > 0) link.notify(["ack", this.token, toRanges(acked)]);
    if (failed.length > 0) link.notify(["nack", this.token, failed]);
    if (released.length > 0) link.notify(["release", this.token, toRanges(released)]);
  }
}

/** Tags as flat [from, to] pairs, both included. Handlers mostly end in the order in which they began. */
export function toRanges(tags: number[]): number[] {
  for (let i = 1; i < tags.length; i++) {
    if (tags[i]! < tags[i - 1]!) {
      tags.sort((a, b) => a - b);
      break;
    }
  }
  const ranges: number[] = [];
  let from = tags[0]!;
  let to = from;
  for (let i = 1; i < tags.length; i++) {
    const tag = tags[i]!;
    if (tag > to + 1) {
      ranges.push(from, to);
      from = tag;
    }
    to = tag;
  }
  ranges.push(from, to);
  return ranges;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
