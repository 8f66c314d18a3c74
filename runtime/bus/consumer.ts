import type { Entry } from "./entry.ts";

/** Where a consumer's deliveries go. */
export interface DeliverySink {
  /** False while its link is clogged; then it gets nothing until the subscription is pumped again. */
  readonly writable: boolean;
  /** Takes one delivery; the entry's bytes are read before this returns. Tags count up by one. */
  push(tag: number, entry: Entry): void;
  /** Sends what was pushed. */
  flush(): void;
}

/** One consumer of a subscription, as the broker sees it. Deliveries are known to it by tags, dense and from 1. */
export class Consumer {
  readonly name: string;
  #credit: number;
  readonly #sink: DeliverySink;
  /** Undefined: not acknowledged in time and taken away, but the consumer is still at it. */
  readonly #inFlight = new Map<number, Entry | undefined>();
  #nextTag = 1;
  #pushed = false;

  constructor(name: string, credit: number, sink: DeliverySink) {
    this.name = name;
    this.#credit = credit;
    this.#sink = sink;
  }

  get writable(): boolean {
    return this.#sink.writable;
  }

  get hasCredit(): boolean {
    return this.#inFlight.size < this.#credit && this.#sink.writable;
  }

  /** It wants no more. */
  pause(): void {
    this.#credit = 0;
  }

  give(entry: Entry): void {
    const tag = this.#nextTag++;
    this.#inFlight.set(tag, entry);
    this.#sink.push(tag, entry);
    this.#pushed = true;
  }

  /** Sends what was given; false when there is nothing. */
  flush(): boolean {
    if (!this.#pushed) return false;
    this.#pushed = false;
    this.#sink.flush();
    return true;
  }

  /** Ends a delivery; undefined when the entry was taken away, or never was here. */
  take(tag: number): Entry | undefined {
    const entry = this.#inFlight.get(tag);
    this.#inFlight.delete(tag);
    return entry;
  }

  /** What it has, in the order of delivery. */
  inFlight(): Entry[] {
    return [...this.#inFlight.values()].filter((entry) => entry !== undefined);
  }

  takeAll(): Entry[] {
    const entries = this.inFlight();
    this.#inFlight.clear();
    return entries;
  }

  abandon(entry: Entry): void {
    for (const [tag, mine] of this.#inFlight) if (mine === entry) this.#inFlight.set(tag, undefined);
  }
}
