import type { MicrocosmError } from "../../sdk/errors.ts";
import type { Store, StoredSubscription } from "./store.ts";

/** What of a subscription is kept on disk. */
export interface Persistent {
  readonly topicId: number;
  snapshot(): StoredSubscription;
}

/**
 * Changes of cursors and dead letters since the last flush, written together: an acknowledgement costs no fsync of its own.
 * What a crash takes with it is delivered again. A letter and the cursor that passes it are in one transaction, so
 * an event is never lost between the two.
 */
export class Ledger {
  readonly #store: Store;
  readonly #maxLetters: number;
  #changed = new Set<Persistent>();
  #letters: (() => void)[] = [];

  constructor(store: Store, maxLetters: number) {
    this.#store = store;
    this.#maxLetters = maxLetters;
  }

  get empty(): boolean {
    return this.#changed.size === 0 && this.#letters.length === 0;
  }

  /** So many letters wait for the disk that subscriptions take nothing new. */
  get full(): boolean {
    return this.#letters.length >= this.#maxLetters;
  }

  changed(subscription: Persistent): void {
    this.#changed.add(subscription);
  }

  forget(subscription: Persistent): void {
    this.#changed.delete(subscription);
  }

  letter(write: (store: Store) => void): void {
    this.#letters.push(() => write(this.#store));
  }

  /** Writes all, and what `also` writes, in one transaction. On an error everything stays for the next flush. */
  flush(also?: () => void): MicrocosmError | undefined {
    if (this.empty && also === undefined) return undefined;
    try {
      this.#store.transaction(() => {
        for (const write of this.#letters) write();
        for (const subscription of this.#changed) {
          this.#store.putSubscription(subscription.topicId, subscription.snapshot());
        }
        also?.();
      });
    } catch (error) {
      return error as MicrocosmError;
    }
    this.#changed.clear();
    this.#letters = [];
    return undefined;
  }
}
