import { MicrocosmError } from "../../sdk/errors.ts";
import type { Clock } from "../clock.ts";
import type { Link } from "../transport/transport.ts";
import { TransientMap } from "../transient-map.ts";
import type { EventRecord } from "./broker.ts";
import { BufferPool } from "./buffer-pool.ts";
import { DueTimer } from "./due-timer.ts";
import { Fifo } from "../fifo.ts";
import { RecordWriter, recordLength } from "./record.ts";
import type { Offsets } from "./topic.ts";
import { errorFromWire, maxEventsPerFrame } from "./wire.ts";

export interface PublisherOptions {
  readonly clock: Clock;
  /** Runs work after what is already waiting in this turn of the event loop. */
  readonly schedule: (work: () => void) => void;
  /** Events and bytes published and not answered; more are refused as `overloaded`. */
  readonly pendingEvents: number;
  readonly pendingBytes: number;
  /** A batch is closed when it has this many. */
  readonly batchBytes: number;
  /** Sent and not answered; the rest waits here instead of in the broker. */
  readonly inFlightBytes: number;
}

/** One publish that its caller waits for. */
interface Waiter {
  readonly deadline: number;
  resolve: (offset: number) => void;
  reject: (error: MicrocosmError) => void;
  settled: boolean;
}

/** What is gathered for one topic now. */
interface OpenBatch {
  readonly topic: string;
  readonly writer: RecordWriter;
  waiters: Waiter[];
}

/** Events of one topic that travel together. */
interface Batch {
  readonly topic: string;
  readonly waiters: Waiter[];
  records: Buffer;
  /** Nobody else has the memory of `records`: it may be used again. */
  own: boolean;
  /** Waiters that gave up. */
  expired: number;
}

/**
 * Gathers the publishes of one turn of the event loop into one frame per topic, keeps them until the broker has answered,
 * and sends them again, in order and with the same ids, over the next link when one breaks: the broker recognises
 * those it has.
 *
 * Hot path: an event costs one encoding into a shared buffer, one promise and one waiter.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #open = new TransientMap<string, OpenBatch>();
  /** Closed batches not sent over the present link, in order. */
  readonly #queue = new Fifo<Batch>();
  /** Sent over the present link and not answered, by sequence. */
  readonly #sent = new TransientMap<number, Batch>();
  #sequence = 0;
  #sentBytes = 0;
  #pendingEvents = 0;
  #pendingBytes = 0;
  #link: Link | undefined;
  #scheduled = false;
  /** When the first of this turn was published. */
  #now = 0;
  readonly #timer: DueTimer;
  readonly #buffers: BufferPool;
  #onIdle: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#buffers = new BufferPool(options.batchBytes / 2, sparesPerPublisher);
    this.#timer = new DueTimer(options.clock, () => this.#sweep());
  }

  get idle(): boolean {
    return this.#pendingEvents === 0;
  }

  publish(topic: string, event: EventRecord, deadline: number): Promise<number> {
    const { clock, pendingEvents, pendingBytes, batchBytes } = this.#options;
    // Once a turn: a look at the clock costs as much as an event's strings.
    if (!this.#scheduled) this.#now = clock.now();
    if (this.#pendingEvents >= pendingEvents || this.#pendingBytes >= pendingBytes) {
      return Promise.reject(
        new MicrocosmError("overloaded", `${this.#pendingEvents} events wait for the broker already`),
      );
    }
    if (deadline > 0 && deadline <= this.#now) {
      return Promise.reject(
        new MicrocosmError("deadline-exceeded", `The deadline had passed before ${topic} was published`),
      );
    }
    let batch = this.#open.get(topic);
    if (batch === undefined) {
      batch = { topic, writer: new RecordWriter(this.#buffers), waiters: [] };
      this.#open.set(topic, batch);
    }
    try {
      this.#pendingBytes += batch.writer.append(topic, event);
    } catch (error) {
      return Promise.reject(error as MicrocosmError);
    }
    this.#pendingEvents++;
    const { waiters } = batch;
    const promise = new Promise<number>(takeEnds);
    waiters.push({ deadline, resolve: ends.resolve, reject: ends.reject, settled: false });
    if (deadline > 0) this.#timer.at(deadline);
    if (batch.writer.bytes >= batchBytes || waiters.length >= maxEventsPerFrame) this.#flush();
    else this.#soon();
    return promise;
  }

  opened(link: Link): void {
    this.#link = link;
    this.#sequence = 0;
    this.#send();
  }

  /** What was sent and not answered goes to the front again. */
  closed(): void {
    this.#link = undefined;
    const batches = [...this.#sent.values()];
    this.#sent.clear();
    this.#sentBytes = 0;
    for (const batch of batches.reverse()) this.#queue.unshift(batch);
  }

  published(sequence: number, offsets: Offsets): void {
    const batch = this.#answered(sequence);
    if (batch === undefined) return;
    const { waiters } = batch;
    for (let i = 0; i < waiters.length; i++) {
      const waiter = waiters[i]!;
      if (waiter.settled) continue;
      waiter.settled = true;
      waiter.resolve(typeof offsets === "number" ? offsets + i : (offsets[i] ?? -1));
    }
    this.#send();
  }

  refused(sequence: number, code: string, message: string): void {
    const batch = this.#answered(sequence);
    if (batch === undefined) return;
    fail(batch.waiters, errorFromWire(code, message));
    this.#send();
  }

  /** Resolves when all is answered. */
  drained(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Fails all that is pending. */
  stop(error: MicrocosmError): void {
    this.#timer.stop();
    for (const { waiters } of this.#open.values()) fail(waiters, error);
    this.#open.clear();
    for (const { waiters } of this.#sent.values()) fail(waiters, error);
    this.#sent.clear();
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      fail(batch.waiters, error);
    }
    this.#pendingEvents = 0;
    this.#pendingBytes = 0;
  }

  #soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Closes the open batches. */
  #flush(): void {
    for (const open of this.#open.values()) {
      const { topic, waiters } = open;
      if (waiters.length === 0) {
        // Not used for a whole turn: topics that fell silent keep no buffer.
        this.#open.delete(topic);
        continue;
      }
      this.#queue.push({ topic, waiters, records: open.writer.take(), own: true, expired: 0 });
      open.waiters = [];
    }
    this.#send();
  }

  #send(): void {
    const { inFlightBytes } = this.#options;
    for (;;) {
      const batch = this.#queue.peek();
      if (batch === undefined) return;
      if (this.#withdrawExpired(batch)) {
        this.#queue.shift();
        continue;
      }
      if (this.#link === undefined) return;
      if (this.#sentBytes > 0 && this.#sentBytes + batch.records.length > inFlightBytes) return;
      this.#queue.shift();
      const sequence = ++this.#sequence;
      this.#sent.set(sequence, batch);
      this.#sentBytes += batch.records.length;
      if (!this.#link.copies) batch.own = false;
      this.#link.notify(["publish", sequence, batch.topic, batch.waiters.length], batch.records);
    }
  }

  /** What nobody waits for any more is not sent. True when nothing is left. */
  #withdrawExpired(batch: Batch): boolean {
    if (batch.expired === 0) return false;
    const { waiters, records } = batch;
    const before = waiters.length;
    const kept: Buffer[] = [];
    const live: Waiter[] = [];
    let at = 0;
    for (const waiter of waiters) {
      const end = at + recordLength(records, at);
      if (!waiter.settled) {
        live.push(waiter);
        kept.push(records.subarray(at, end));
      }
      at = end;
    }
    waiters.splice(0, waiters.length, ...live);
    batch.expired = 0;
    batch.records = Buffer.concat(kept);
    batch.own = false;
    this.#release(before - live.length, records.length - batch.records.length);
    return live.length === 0;
  }

  #answered(sequence: number): Batch | undefined {
    const batch = this.#sent.get(sequence);
    if (batch === undefined) return undefined;
    this.#sent.delete(sequence);
    this.#sentBytes -= batch.records.length;
    this.#release(batch.waiters.length, batch.records.length);
    if (batch.own) this.#buffers.give(batch.records);
    return batch;
  }

  #release(events: number, bytes: number): void {
    this.#pendingEvents -= events;
    this.#pendingBytes -= bytes;
    if (this.#pendingEvents === 0 && this.#onIdle !== undefined) {
      this.#onIdle();
      this.#onIdle = undefined;
    }
  }

  /** Gives up what is past its deadline. */
  #sweep(): void {
    const now = this.#options.clock.now();
    const error = this.#link
      ? new MicrocosmError("deadline-exceeded", "The broker did not answer before the deadline")
      : new MicrocosmError("broker-unavailable", "The broker was not there before the deadline");
    let earliest = Number.POSITIVE_INFINITY;
    const look = (waiters: readonly Waiter[]) => {
      let expired = 0;
      for (const waiter of waiters) {
        if (waiter.settled || waiter.deadline <= 0) continue;
        if (waiter.deadline > now) earliest = Math.min(earliest, waiter.deadline);
        else {
          waiter.settled = true;
          waiter.reject(error);
          expired++;
        }
      }
      return expired;
    };
    this.#flush();
    for (const batch of this.#sent.values()) batch.expired += look(batch.waiters);
    for (let i = 0; i < this.#queue.length; i++) {
      const batch = this.#queue.at(i)!;
      batch.expired += look(batch.waiters);
    }
    this.#timer.at(earliest);
    this.#send();
  }
}

/** Buffers of a batch each that are kept for the next ones. */
const sparesPerPublisher = 8;

/** One function for all promises, which takes the ends of the newest: a closure each would cost a tenth more. */
const ends = { resolve: (_offset: number): void => {}, reject: (_error: MicrocosmError): void => {} };
function takeEnds(resolve: (offset: number) => void, reject: (error: MicrocosmError) => void): void {
  ends.resolve = resolve;
  ends.reject = reject;
}

function fail(waiters: readonly Waiter[], error: MicrocosmError): void {
  for (const waiter of waiters) {
    if (waiter.settled) continue;
    waiter.settled = true;
    waiter.reject(error);
  }
}
