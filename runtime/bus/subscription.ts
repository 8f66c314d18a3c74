import { Backlog, newEntry } from "./backlog.ts";
import { backoffMs } from "./backoff.ts";
import type { SubscriptionInfo } from "./broker.ts";
import { Consumer, type DeliverySink } from "./consumer.ts";
import { DueTimer } from "./due-timer.ts";
import { type Entry, move } from "./entry.ts";
import { Fifo } from "../fifo.ts";
import { KeyLanes } from "./key-lanes.ts";
import type { Persistent } from "./ledger.ts";
import { LetterReplay } from "./letter-replay.ts";
import { recordId, recordLength } from "./record.ts";
import { Run } from "./run.ts";
import type { StoredSubscription } from "./store.ts";
import type {
  SubscriptionKind,
  SubscriptionParts,
  SubscriptionSettings,
  SubscriptionStart,
} from "./subscription-options.ts";
import type { Held } from "./tag-table.ts";

/**
 * Hands the events of a topic to competing consumers: at least once, one at a time per key, never more to a consumer
 * than its credit. Failed events come back after a backoff, and after too many deliveries become dead letters.
 *
 * It reads the log only as consumers have credit, and not past a bounded window above the cursor: what nobody takes
 * stays in the log. Events without a key go out and are acknowledged in runs, which cost next to nothing for each;
 * the others, and those that fail, are an Entry each.
 */
export class Subscription implements Persistent {
  readonly name: string;
  readonly topicId: number;
  readonly ephemeral: boolean;
  readonly durable: boolean;
  maxDeliveries: number;
  readonly #settings: SubscriptionSettings;
  readonly #parts: SubscriptionParts;
  readonly #consumers: Consumer[] = [];
  readonly #ready = new Fifo<Entry>();
  readonly #lanes = new KeyLanes();
  readonly #backlog: Backlog;
  readonly #letters: LetterReplay;
  readonly #timer: DueTimer;
  #turn = 0;

  constructor(
    parts: SubscriptionParts,
    settings: SubscriptionSettings,
    start: SubscriptionStart,
    kind: SubscriptionKind,
  ) {
    this.#parts = parts;
    this.#settings = settings;
    this.name = parts.name;
    this.topicId = parts.topicId;
    this.ephemeral = kind.ephemeral;
    this.durable = kind.durable;
    this.maxDeliveries = kind.maxDeliveries;
    this.#timer = new DueTimer(parts.clock, () => this.#expire());
    this.#backlog = new Backlog(parts.log, settings, start);
    const { store, topicId, name } = parts;
    this.#letters = new LetterReplay(store, topicId, name, settings.replayEvents, !kind.ephemeral);
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  attach(name: string, credit: number, sink: DeliverySink): Consumer {
    const consumer = new Consumer(name, credit, sink);
    this.#consumers.push(consumer);
    this.#parts.wake(this);
    return consumer;
  }

  /**
   * Takes a consumer out; others get what it had at once. `orderly`: it left by itself, so that what it did not finish
   * does not count as a delivery.
   */
  detach(consumer: Consumer, orderly: boolean): void {
    const index = this.#consumers.indexOf(consumer);
    if (index < 0) return;
    this.#consumers.splice(index, 1);
    const left: Entry[] = [];
    consumer.forEach((held, tag) => {
      const entry = this.#single(held, tag);
      if (entry !== undefined) left.push(entry);
    });
    for (const entry of left.reverse()) {
      if (orderly || entry.detached) this.#giveBack(entry);
      else {
        entry.lastError = `${consumer.name} went away while handling it`;
        if (entry.deliveries >= entry.maxDeliveries) this.#bury(entry, entry.lastError);
        else this.#requeue(entry);
      }
    }
    this.#changed();
  }

  /** Deliveries `from` to `to`, both included, are done. Tags that are not in flight are ignored. */
  ack(consumer: Consumer, from: number, to: number): void {
    for (let tag = from; tag <= to; tag++) {
      const held = consumer.take(tag);
      if (held === undefined) continue;
      if (!(held instanceof Run)) this.#complete(held);
      else if (!held.detached) this.#backlog.done(held.offsetOf(tag));
    }
    this.#changed();
  }

  /** Deliveries `from` to `to`, both included, were not begun: others get them, and they do not count. */
  release(consumer: Consumer, from: number, to: number): void {
    for (let tag = to; tag >= from; tag--) {
      const entry = this.#single(consumer.take(tag), tag);
      if (entry !== undefined) this.#giveBack(entry);
    }
    this.#changed();
  }

  nack(consumer: Consumer, tag: number, reason: string): void {
    const entry = this.#single(consumer.take(tag), tag);
    if (entry !== undefined) this.#fail(entry, reason, this.#parts.clock.now());
    this.#changed();
  }

  /** Delivers as much as consumers' credit allows. */
  pump(): void {
    if (this.#consumers.length === 0) return;
    const now = this.#parts.clock.now();
    const due = now + this.#settings.ackTimeoutMs;
    try {
      for (;;) {
        const consumer = this.#nextConsumer();
        if (consumer === undefined) break;
        const next = this.#ready.shift() ?? this.#nextReplay() ?? this.#read(consumer.room, due);
        if (next === undefined) break;
        if (next instanceof Run) {
          consumer.giveRun(next);
          continue;
        }
        move(next, "in-flight");
        next.deliveries++;
        next.due = due;
        consumer.give(next);
      }
    } finally {
      // Also when the file could not be read: what was given before that is on its way.
      for (const consumer of this.#consumers) if (consumer.flush()) this.#timer.at(due);
    }
  }

  /** Letters were marked for replay. */
  lettersMarked(): void {
    this.#letters.restart();
    this.#parts.wake(this);
  }

  /**
   * Goes on from `offset`. What is in flight is not waited for, its outcome no longer counts, but events of its key
   * still wait for it.
   */
  moveTo(offset: number): void {
    this.#ready.clear();
    this.#lanes.clear();
    for (const consumer of this.#consumers) {
      consumer.forEach((held) => {
        if (held instanceof Run) {
          held.detached = true;
          return;
        }
        held.behind = undefined;
        held.detached = held.letter === 0;
        if (held.key !== undefined) this.#lanes.enter(held, held.key);
      });
    }
    this.#letters.recall();
    this.#backlog.moveTo(offset);
    this.#changed();
  }

  snapshot(): StoredSubscription {
    return this.#backlog.snapshot(this.name);
  }

  info(): SubscriptionInfo {
    let inFlight = 0;
    let waitingRetry = 0;
    const count = (held: Held) => {
      if (held instanceof Run || held.state === "in-flight") inFlight++;
      else if (held.state === "retry") waitingRetry++;
    };
    this.#backlog.forEach(count);
    for (const entry of this.#letters.entries.values()) count(entry);
    return {
      subscription: this.name,
      consumers: this.#consumers.map((consumer) => consumer.name),
      cursor: this.#backlog.cursor,
      lag: this.#backlog.lag,
      inFlight,
      waitingRetry,
      paused: this.#full || this.#consumers.some((consumer) => !consumer.writable),
      skipped: this.#backlog.skipped,
    };
  }

  stop(): void {
    this.#timer.stop();
    this.#consumers.length = 0;
  }

  get #full(): boolean {
    return this.#backlog.full || this.#parts.ledger.full;
  }

  /** The next one in turn that can take an event. */
  #nextConsumer(): Consumer | undefined {
    const consumers = this.#consumers;
    for (let i = 0; i < consumers.length; i++) {
      if (++this.#turn >= consumers.length) this.#turn = 0;
      const consumer = consumers[this.#turn]!;
      if (consumer.room > 0) return consumer;
    }
    return undefined;
  }

  /** What is next in the log: a run, or an event whose key is free; those whose is not are parked on the way. */
  #read(room: number, due: number): Entry | Run | undefined {
    const backlog = this.#backlog;
    while (!this.#parts.ledger.full) {
      const { skipped } = backlog;
      const next = backlog.read(Math.min(room, this.#share()), due, this.maxDeliveries);
      if (backlog.skipped !== skipped && this.durable) this.#parts.ledger.changed(this);
      if (next === undefined || next instanceof Run || this.#admit(next)) return next;
    }
    return undefined;
  }

  /** Consumers compete: one gets no more at once than its part of what there is. */
  #share(): number {
    const consumers = this.#consumers;
    if (consumers.length === 1) return Number.POSITIVE_INFINITY;
    let ready = 0;
    for (const consumer of consumers) if (consumer.room > 0) ready++;
    return Math.ceil(this.#backlog.readable / Math.max(1, ready));
  }

  /** The event of a run under this tag as an entry of its own. Undefined when there is none whose outcome counts. */
  #single(held: Held | undefined, tag: number): Entry | undefined {
    if (!(held instanceof Run)) return held;
    if (held.detached) return undefined;
    const offset = held.offsetOf(tag);
    const entry = newEntry(offset, held.records, held.locate(offset), 1, this.maxDeliveries);
    entry.state = "in-flight";
    entry.due = held.due;
    this.#backlog.replace(entry);
    return entry;
  }

  /** False when the event has to wait behind another of its key. */
  #admit(entry: Entry): boolean {
    if (entry.key === undefined || this.#lanes.enter(entry, entry.key)) return true;
    entry.state = "parked";
    return false;
  }

  #nextReplay(): Entry | undefined {
    for (;;) {
      const letter = this.#letters.next();
      if (letter === undefined) return undefined;
      const entry: Entry = {
        ...newEntry(
          letter.offset,
          letter.record,
          0,
          letter.deliveries,
          letter.deliveries + this.maxDeliveries,
        ),
        letter: letter.id,
        lastError: letter.reason,
      };
      this.#letters.entries.set(letter.id, entry);
      if (this.#admit(entry)) return entry;
    }
  }

  #fail(entry: Entry, reason: string, now: number): void {
    entry.lastError = reason;
    if (entry.detached) {
      this.#complete(entry);
      return;
    }
    if (entry.deliveries >= entry.maxDeliveries) {
      this.#bury(entry, reason);
      return;
    }
    move(entry, "retry");
    // A replayed letter's earlier deliveries do not make it wait longer.
    const failures = entry.deliveries - (entry.maxDeliveries - this.maxDeliveries);
    entry.due = now + backoffMs(this.#settings.backoff, Math.max(1, failures), this.#parts.random);
    this.#timer.at(entry.due);
  }

  #bury(entry: Entry, reason: string): void {
    const at = this.#parts.clock.now();
    const { letter, offset, deliveries, records } = entry;
    if (letter !== 0) {
      this.#parts.ledger.letter((store) => store.returnDead(letter, deliveries, reason, at));
    } else if (!this.ephemeral) {
      const record = records.subarray(entry.at, entry.at + recordLength(records, entry.at));
      const eventId = recordId(records, entry.at);
      const dead = { subscription: this.name, eventId, offset, deliveries, reason, at, record };
      this.#parts.ledger.letter((store) => store.addDead(this.topicId, dead));
    }
    this.#complete(entry, true);
  }

  #complete(entry: Entry, buried = false): void {
    move(entry, "done");
    if (entry.key !== undefined) {
      const next = this.#lanes.leave(entry, entry.key);
      if (next !== undefined) {
        move(next, "ready");
        this.#ready.push(next);
      }
    }
    const { letter } = entry;
    if (letter !== 0) {
      this.#letters.entries.delete(letter);
      if (!buried) this.#parts.ledger.letter((store) => store.deleteDead(letter));
    } else if (!entry.detached) this.#backlog.done(entry.offset);
  }

  #giveBack(entry: Entry): void {
    if (entry.detached) {
      this.#complete(entry);
      return;
    }
    entry.deliveries--;
    this.#requeue(entry);
  }

  /** Back to the front, to be delivered at once. */
  #requeue(entry: Entry): void {
    move(entry, "ready");
    this.#ready.unshift(entry);
  }

  #changed(): void {
    if (this.durable) this.#parts.ledger.changed(this);
    this.#parts.wake(this);
  }

  /** Looks for what is due: deliveries that were not acknowledged, and retries. */
  #expire(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    const due: Entry[] = [];
    const lookRetry = (held: Held) => {
      if (held instanceof Run || held.state !== "retry") return;
      if (held.due <= now) due.push(held);
      else if (held.due < earliest) earliest = held.due;
    };
    this.#backlog.forEach(lookRetry);
    this.#letters.entries.forEach(lookRetry);
    for (const consumer of this.#consumers) {
      consumer.forEach((held, tag) => {
        if (held.due > now) {
          if (held.due < earliest) earliest = held.due;
          return;
        }
        // The consumer's credit stays used: if it hangs, it gets no more events to lose.
        consumer.abandon(tag);
        const entry = this.#single(held, tag);
        if (entry !== undefined)
          this.#fail(entry, `not acknowledged within ${this.#settings.ackTimeoutMs} ms`, now);
      });
    }
    for (const entry of due) {
      move(entry, "ready");
      this.#ready.push(entry);
    }
    this.#timer.at(earliest);
    this.#changed();
  }
}
