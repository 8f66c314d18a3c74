import { AckWindow } from "./ack-window.ts";
import type { Entry } from "./entry.ts";
import { LogReader } from "./log-reader.ts";
import { recordKey } from "./record.ts";
import { Run } from "./run.ts";
import type { StoredSubscription } from "./store.ts";
import type { SubscriptionSettings, SubscriptionStart } from "./subscription-options.ts";
import { addUnread, emptyState, packState, type SubscriptionState } from "./subscription-state.ts";
import type { TopicLog } from "./topic-log.ts";

/** Bytes of a run, near enough: it goes out in one frame. */
const runBytes = 64 * 1024;

/**
 * What a subscription has before it: reads its topic from the cursor on, not further than a bounded window, and knows what
 * of it is done.
 */
export class Backlog {
  readonly #log: TopicLog;
  readonly #settings: SubscriptionSettings;
  readonly #window: AckWindow;
  readonly #reader: LogReader;
  /** What the last run of the broker left. */
  #restored: SubscriptionState;
  skipped: number;

  constructor(log: TopicLog, settings: SubscriptionSettings, start: SubscriptionStart) {
    this.#log = log;
    this.#settings = settings;
    this.#reader = new LogReader(log);
    this.#window = new AckWindow(start.cursor);
    this.#restored = start.state;
    this.skipped = start.skipped;
  }

  get cursor(): number {
    return this.#window.cursor;
  }

  /** Events from the cursor to the log's end. */
  get lag(): number {
    return this.#log.nextOffset - Math.max(this.#window.cursor, this.#log.firstOffset);
  }

  get full(): boolean {
    const { windowEvents, windowBytes } = this.#settings;
    return this.#window.length >= windowEvents || this.#window.bytes >= windowBytes;
  }

  /** How many events may be read now. */
  get readable(): number {
    const window = this.#window;
    if (this.full) return 0;
    return Math.min(this.#settings.windowEvents - window.length, this.#log.nextOffset - window.next);
  }

  /**
   * Reads on: an event for itself when it has a key or failed before, else a run of at most `most` events. Undefined when
   * there is nothing, or the window is full.
   */
  read(most: number, due: number, maxDeliveries: number): Entry | Run | undefined {
    const window = this.#window;
    const log = this.#log;
    while (window.next < log.nextOffset && !this.full) {
      if (window.next < log.firstOffset && !this.#skipTo(log.firstOffset)) return undefined;
      const offset = window.next;
      const reader = this.#reader;
      if (!reader.find(offset)) return undefined;
      if (this.#restored.done.has(offset)) {
        window.add(undefined, reader.length);
        continue;
      }
      const deliveries = this.#restored.failed.get(offset) ?? 0;
      if (deliveries === 0 && !reader.keyed) return this.#run(offset, most, due);
      const entry = newEntry(offset, reader.records, reader.at, deliveries, maxDeliveries);
      window.add(entry, reader.length);
      return entry;
    }
    return undefined;
  }

  done(offset: number): void {
    this.#window.done(offset);
  }

  /** An event of a run is treated by itself from now on. */
  replace(entry: Entry): void {
    this.#window.replace(entry.offset, entry);
  }

  forEach(visit: (held: Entry | Run) => void): void {
    this.#window.forEach(visit);
  }

  moveTo(offset: number): void {
    this.#restored = emptyState;
    this.#window.reset(offset);
  }

  snapshot(name: string): StoredSubscription {
    const window = this.#window;
    const failed: number[] = [];
    window.forEach((held) => {
      if (held instanceof Run) return;
      const failures = held.state === "in-flight" ? held.deliveries - 1 : held.deliveries;
      if (failures > 0) failed.push(held.offset, failures);
    });
    const done = window.doneAbove();
    addUnread(this.#restored, window.next, done, failed);
    return { name, cursor: window.cursor, skipped: this.skipped, state: packState(done, failed) };
  }

  #run(offset: number, most: number, due: number): Run {
    const window = this.#window;
    const reader = this.#reader;
    const { windowEvents, windowBytes } = this.#settings;
    const { done, failed } = this.#restored;
    const restored = done.size > 0 || failed.size > 0;
    const run = new Run(offset, reader.records, reader.at, reader.at + reader.length, due);
    window.add(run, reader.length);
    const end = Math.min(most, windowEvents - window.length + 1);
    const lastAt = run.from + runBytes;
    if (!restored) this.#takeRest(run, end);
    while (run.count < end && run.to < lastAt && window.bytes < windowBytes) {
      if (restored && (done.has(window.next) || failed.has(window.next))) break;
      if (!reader.nextKeyless()) break;
      run.extend(reader.at + reader.length);
      window.add(run, reader.length);
    }
    return run;
  }

  /** What follows in the block, in one step: all of it, or nothing when it is too much. */
  #takeRest(run: Run, end: number): void {
    const window = this.#window;
    const reader = this.#reader;
    const count = reader.keylessRest;
    const bytes = reader.keylessEnd - run.to;
    if (count === 0 || run.count + count > end) return;
    if (reader.keylessEnd - run.from > 2 * runBytes || window.bytes + bytes > this.#settings.windowBytes)
      return;
    run.extend(reader.keylessEnd, count);
    window.addRun(run, count, bytes);
    reader.passKeylessRest();
  }

  /** Retention has overtaken this subscription. Only once all it holds is done, so that offsets stay in one window. */
  #skipTo(offset: number): boolean {
    const window = this.#window;
    if (window.length > 0) return false;
    this.skipped += offset - window.next;
    window.reset(offset);
    return true;
  }
}

export function newEntry(
  offset: number,
  records: Buffer,
  at: number,
  deliveries: number,
  maxDeliveries: number,
): Entry {
  return {
    offset,
    records,
    at,
    key: recordKey(records, at),
    letter: 0,
    maxDeliveries,
    deliveries,
    lastError: undefined,
    state: "ready",
    due: 0,
    behind: undefined,
    detached: false,
  };
}
