import type { Entry } from "./entry.ts";
import { type Held, lost, TagTable } from "./tag-table.ts";
import type { Run } from "./run.ts";

/** Where a consumer's deliveries go. */
export interface DeliverySink {
  /** False while its link is clogged; then it gets nothing until the subscription is pumped again. */
  readonly writable: boolean;
  /** Takes one delivery; the entry's bytes are read before this returns. Tags count up by one. */
  push(tag: number, entry: Entry): void;
  /** Takes the deliveries of a run, under its tags. Its bytes stay as they are. */
  pushRun(run: Run): void;
  /** Sends what was pushed. */
  flush(): void;
}

/** One consumer of a subscription, as the broker sees it. Deliveries are known to it by tags, dense and from 1. */
export class Consumer {
  readonly name: string;
  #credit: number;
  readonly #sink: DeliverySink;
  readonly #inFlight: TagTable;
  #pushed = false;

  constructor(name: string, credit: number, sink: DeliverySink) {
    this.name = name;
    this.#credit = credit;
    this.#sink = sink;
    this.#inFlight = new TagTable(credit);
  }

  get writable(): boolean {
    return this.#sink.writable;
  }

  /** How many events it may be given; 0 or less: none. */
  get room(): number {
    const room = this.#credit - this.#inFlight.count;
    return room > 0 && this.#sink.writable ? room : 0;
  }

  /** It wants no more. */
  pause(): void {
    this.#credit = 0;
  }

  give(entry: Entry): void {
    this.#sink.push(this.#inFlight.add(entry, 1), entry);
    this.#pushed = true;
  }

  giveRun(run: Run): void {
    run.tag = this.#inFlight.add(run, run.count);
    this.#sink.pushRun(run);
    this.#pushed = true;
  }

  /** Sends what was given; false when there is nothing. */
  flush(): boolean {
    if (!this.#pushed) return false;
    this.#pushed = false;
    this.#sink.flush();
    return true;
  }

  /** Ends a delivery; undefined when it was taken away, or never was here. */
  take(tag: number): Held | undefined {
    const held = this.#inFlight.take(tag);
    return held === lost ? undefined : held;
  }

  /** Visits what it has, in the order of delivery. */
  forEach(visit: (held: Held, tag: number) => void): void {
    this.#inFlight.forEach((held, tag) => {
      if (held !== lost) visit(held, tag);
    });
  }

  /** A delivery is not waited for any more, but the consumer is still at it: its credit stays used. */
  abandon(tag: number): void {
    this.#inFlight.replace(tag, lost);
  }
}
