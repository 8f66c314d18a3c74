import { AckWindow } from "./ack-window.ts";
import { backoffMs } from "./backoff.ts";
import type { SubscriptionInfo } from "./broker.ts";
import { Consumer, type DeliverySink } from "./consumer.ts";
import { DueTimer } from "./due-timer.ts";
import { type Entry, move } from "./entry.ts";
import { Fifo } from "./fifo.ts";
import { KeyLanes } from "./key-lanes.ts";
import type { Persistent } from "./ledger.ts";
import { LetterReplay } from "./letter-replay.ts";
import { LogReader } from "./log-reader.ts";
import { recordId, recordKey, recordLength } from "./record.ts";
import type { StoredSubscription } from "./store.ts";
import type {
  SubscriptionKind,
  SubscriptionParts,
  SubscriptionSettings,
  SubscriptionStart,
} from "./subscription-options.ts";
import { addUnread, emptyState, packState, type SubscriptionState } from "./subscription-state.ts";

/**
 * Hands the events of a topic to competing consumers: at least once, one at a time per key, never more to a consumer
 * than its credit. Failed events come back after a backoff, and after too many deliveries become dead letters.
 *
 * It reads the log only as consumers have credit, and not past a bounded window above the cursor: what nobody takes
 * stays in the log.
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
  readonly #window: AckWindow;
  readonly #letters: LetterReplay;
  #restored: SubscriptionState;
  #skipped: number;
  readonly #reader: LogReader;
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
    this.#reader = new LogReader(parts.log);
    this.#timer = new DueTimer(parts.clock, () => this.#expire());
    this.#window = new AckWindow(start.cursor);
    this.#skipped = start.skipped;
    this.#restored = start.state;
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
    const left = [...consumer.takeAll()];
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
      const entry = consumer.take(tag);
      if (entry !== undefined) this.#complete(entry);
    }
    this.#changed();
  }

  /** Deliveries `from` to `to`, both included, were not begun: others get them, and they do not count. */
  release(consumer: Consumer, from: number, to: number): void {
    for (let tag = to; tag >= from; tag--) {
      const entry = consumer.take(tag);
      if (entry !== undefined) this.#giveBack(entry);
    }
    this.#changed();
  }

  nack(consumer: Consumer, tag: number, reason: string): void {
    const entry = consumer.take(tag);
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
        const entry = this.#ready.shift() ?? this.#nextReplay() ?? this.#read();
        if (entry === undefined) break;
        move(entry, "in-flight");
        entry.deliveries++;
        entry.due = due;
        consumer.give(entry);
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
      for (const entry of consumer.inFlight()) {
        entry.behind = undefined;
        entry.detached = entry.letter === 0;
        if (entry.key !== undefined) this.#lanes.enter(entry, entry.key);
      }
    }
    this.#letters.recall();
    this.#restored = emptyState;
    this.#window.reset(offset);
    this.#changed();
  }

  snapshot(): StoredSubscription {
    const window = this.#window;
    const failed: number[] = [];
    window.forEach((entry) => {
      const failures = entry.state === "in-flight" ? entry.deliveries - 1 : entry.deliveries;
      if (failures > 0) failed.push(entry.offset, failures);
    });
    const done = window.doneAbove();
    addUnread(this.#restored, window.next, done, failed);
    return { name: this.name, cursor: window.cursor, skipped: this.#skipped, state: packState(done, failed) };
  }

  info(): SubscriptionInfo {
    const { log } = this.#parts;
    const window = this.#window;
    let inFlight = 0;
    let waitingRetry = 0;
    const count = (entry: Entry) => {
      if (entry.state === "in-flight") inFlight++;
      else if (entry.state === "retry") waitingRetry++;
    };
    window.forEach(count);
    for (const entry of this.#letters.entries.values()) count(entry);
    return {
      subscription: this.name,
      consumers: this.#consumers.map((consumer) => consumer.name),
      cursor: window.cursor,
      lag: log.nextOffset - Math.max(window.cursor, log.firstOffset),
      inFlight,
      waitingRetry,
      paused: this.#full || this.#consumers.some((consumer) => !consumer.writable),
      skipped: this.#skipped,
    };
  }

  stop(): void {
    this.#timer.stop();
    this.#consumers.length = 0;
  }

  get #full(): boolean {
    const { windowEvents, windowBytes } = this.#settings;
    return (
      this.#window.length >= windowEvents || this.#window.bytes >= windowBytes || this.#parts.ledger.full
    );
  }

  /** The next one in turn that can take an event. */
  #nextConsumer(): Consumer | undefined {
    const consumers = this.#consumers;
    for (let i = 0; i < consumers.length; i++) {
      if (++this.#turn >= consumers.length) this.#turn = 0;
      const consumer = consumers[this.#turn]!;
      if (consumer.hasCredit) return consumer;
    }
    return undefined;
  }

  /** The next event of the log whose key is free; those that are not are parked on the way. */
  #read(): Entry | undefined {
    const window = this.#window;
    const { log } = this.#parts;
    while (window.next < log.nextOffset && !this.#full) {
      if (window.next < log.firstOffset && !this.#skipTo(log.firstOffset)) return undefined;
      const offset = window.next;
      const reader = this.#reader;
      if (!reader.find(offset)) return undefined;
      if (this.#restored.done.has(offset)) {
        window.add(undefined, reader.length);
        continue;
      }
      const entry = this.#entry(offset, reader.records, reader.at);
      window.add(entry, reader.length);
      if (this.#admit(entry)) return entry;
    }
    return undefined;
  }

  #entry(offset: number, records: Buffer, at: number): Entry {
    return {
      offset,
      records,
      at,
      key: recordKey(records, at),
      letter: 0,
      maxDeliveries: this.maxDeliveries,
      deliveries: this.#restored.failed.get(offset) ?? 0,
      lastError: undefined,
      state: "ready",
      due: 0,
      behind: undefined,
      detached: false,
    };
  }

  /** Retention has overtaken this subscription. Only once all it holds is done, so that offsets stay in one window. */
  #skipTo(offset: number): boolean {
    const window = this.#window;
    if (window.length > 0) return false;
    this.#skipped += offset - window.next;
    window.reset(offset);
    if (this.durable) this.#parts.ledger.changed(this);
    return true;
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
        ...this.#entry(letter.offset, letter.record, 0),
        letter: letter.id,
        maxDeliveries: letter.deliveries + this.maxDeliveries,
        deliveries: letter.deliveries,
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
    } else if (!entry.detached) this.#window.done(entry.offset);
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
    const late: Entry[] = [];
    const look = (entry: Entry) => {
      if (entry.due <= now) late.push(entry);
      else if (entry.due < earliest) earliest = entry.due;
    };
    const lookRetry = (entry: Entry) => {
      if (entry.state === "retry") look(entry);
    };
    for (const consumer of this.#consumers) consumer.inFlight().forEach(look);
    this.#window.forEach(lookRetry);
    this.#letters.entries.forEach(lookRetry);
    for (const entry of late) {
      if (entry.state === "retry") {
        move(entry, "ready");
        this.#ready.push(entry);
      } else {
        // The consumer's credit stays used: if it hangs, it gets no more events to lose.
        for (const consumer of this.#consumers) consumer.abandon(entry);
        this.#fail(entry, `not acknowledged within ${this.#settings.ackTimeoutMs} ms`, now);
      }
    }
    this.#timer.at(earliest);
    this.#changed();
  }
}
