import type { Link } from "../transport/transport.ts";
import { TransientMap } from "../transient-map.ts";
import type { Delivery, SubscribeOptions } from "./broker.ts";
import { readDeliveries } from "./delivery.ts";
import { Fifo } from "../fifo.ts";
import { areRecords, EventReader, recordLength } from "./record.ts";
import { TagRanges } from "./tag-ranges.ts";

/** An event in this process, from its arrival until the broker is told how it went. */
interface Task {
  readonly delivery: Delivery;
  readonly key: string | undefined;
  /** Its number on the link that `epoch` counts. */
  tag: number;
  epoch: number;
}

/**
 * The consumer's end of a subscription: runs the handler at most `concurrency` at once and once per key, gathers
 * acknowledgements of a turn of the event loop into one frame, and outlives links. What was begun before a link broke is
 * finished; when the broker sends the same event again meanwhile, it is not begun a second time.
 *
 * Hot path: a handler that has ended when it returns costs no callback, no turn of the microtask queue and no place in a map.
 */
export class ClientSubscription {
  readonly token: number;
  readonly options: SubscribeOptions;
  readonly #schedule: (work: () => void) => void;
  readonly #reader = new EventReader();
  readonly #waiting = new Fifo<Task>();
  /** Events under way, by offset. */
  readonly #running = new TransientMap<number, Task>();
  /** Keys under way, and the tasks that wait for them. */
  readonly #lanes = new TransientMap<string, Fifo<Task>>();
  #link: Link | undefined;
  #epoch = 0;
  #stopping = false;
  /** A handler was called and has not returned yet. */
  #calling = false;
  #pumping = false;
  readonly #acked = new TagRanges();
  readonly #released = new TagRanges();
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
    this.#acked.clear();
    this.#released.clear();
    this.#failed = [];
  }

  /** False when `body` is not `count` deliveries. */
  deliver(firstTag: number, count: number, body: Buffer): boolean {
    let tag = firstTag;
    return readDeliveries(body, count, (offset, delivery, lastError, at) => {
      this.#arrived(tag++, body, at, offset, delivery, lastError);
    });
  }

  /** Events that follow each other, each for the first time. False when `body` is not `count` records. */
  deliverRun(firstTag: number, count: number, firstOffset: number, body: Buffer): boolean {
    if (!areRecords(body, 0, body.length, count)) return false;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = at + recordLength(body, at);
      this.#arrived(firstTag + i, body, at, firstOffset + i, 1, undefined);
      at = end;
    }
    return true;
  }

  /** Takes nothing further; resolves when all handlers under way have ended and their outcome was sent. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#link?.notify(["pause", this.token]);
      for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
        this.#released.add(task.tag);
      }
      for (const lane of this.#lanes.values()) {
        for (let task = lane.shift(); task !== undefined; task = lane.shift()) this.#released.add(task.tag);
      }
      this.#soon();
    }
    if (this.#running.size > 0 || this.#calling) {
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

  #arrived(
    tag: number,
    body: Buffer,
    at: number,
    offset: number,
    delivery: number,
    lastError: string | undefined,
  ): void {
    if (this.#stopping) {
      this.#released.add(tag);
      this.#soon();
      return;
    }
    const running = this.#running.size === 0 ? undefined : this.#running.get(offset);
    if (running !== undefined) {
      // Sent again while the handler is at it: its outcome answers this delivery.
      if (running.epoch === this.#epoch) this.#released.add(running.tag);
      running.tag = tag;
      running.epoch = this.#epoch;
      return;
    }
    let task: Task;
    try {
      const event = this.#reader.read(body, at, this.options.topic, offset, delivery);
      task = { delivery: { event, lastError }, key: event.key, tag, epoch: this.#epoch };
    } catch (error) {
      this.#failed.push(tag, `the event's data cannot be read: ${messageOf(error)}`);
      this.#soon();
      return;
    }
    this.#take(task);
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
    this.#waiting.push(task);
    this.#pump();
  }

  /** Runs what waits, as far as `concurrency` allows. A loop: handlers that end at once would pile up on the stack. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running.size < this.options.concurrency) {
      const task = this.#waiting.shift();
      if (task === undefined) break;
      this.#run(task);
    }
    this.#pumping = false;
  }

  #run(task: Task): void {
    let outcome: unknown;
    this.#calling = true;
    try {
      outcome = this.options.handler(task.delivery);
    } catch (error) {
      outcome = Promise.reject(error);
    }
    this.#calling = false;
    // A handler in plain JavaScript may return nothing, or a thenable of another kind.
    if (outcome === undefined || (outcome instanceof Promise && Bun.peek.status(outcome) === "fulfilled")) {
      this.#finish(task, undefined);
      return;
    }
    this.#running.set(task.delivery.event.offset, task);
    const finish = (failure: string | undefined) => {
      this.#running.delete(task.delivery.event.offset);
      this.#finish(task, failure);
    };
    // Not an async function: one costs twice as much per event.
    Promise.resolve(outcome).then(
      () => finish(undefined),
      (error: unknown) => finish(messageOf(error)),
    );
  }

  #finish(task: Task, failure: string | undefined): void {
    if (task.epoch === this.#epoch && this.#link !== undefined) {
      if (failure === undefined) this.#acked.add(task.tag);
      else this.#failed.push(task.tag, failure);
      this.#soon();
    }
    const { key } = task;
    if (key !== undefined) {
      const successor = this.#lanes.get(key)?.shift();
      if (successor === undefined) this.#lanes.delete(key);
      else this.#waiting.unshift(successor);
    }
    this.#pump();
    if (this.#running.size === 0) this.#onIdle?.();
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
    const [acked, released, failed] = [this.#acked.take(), this.#released.take(), this.#failed];
    this.#failed = [];
    if (link === undefined) return;
    if (acked.length > 0) link.notify(["ack", this.token, acked]);
    if (failed.length > 0) link.notify(["nack", this.token, failed]);
    if (released.length > 0) link.notify(["release", this.token, released]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
