import type { Entry } from "./entry.ts";
import type { Store, StoredDead } from "./store.ts";

/**
 * Dead letters of one subscription on their way again. They stay in the store, marked, until acknowledged; only a few are
 * in memory at a time.
 */
export class LetterReplay {
  readonly #store: Store;
  readonly #topicId: number;
  readonly #subscription: string;
  readonly #maxEvents: number;
  /** Under way, by their row. */
  readonly entries = new Map<number, Entry>();
  #after = 0;
  /** Whether the store may hold marked letters beyond `#after`. */
  #more: boolean;

  constructor(store: Store, topicId: number, subscription: string, maxEvents: number, enabled: boolean) {
    this.#store = store;
    this.#topicId = topicId;
    this.#subscription = subscription;
    this.#maxEvents = maxEvents;
    this.#more = enabled;
  }

  /** The next marked letter; undefined when there is none, or enough are under way. */
  next(): StoredDead | undefined {
    while (this.#more && this.entries.size < this.#maxEvents) {
      const [letter] = this.#store.replayable(this.#topicId, this.#subscription, this.#after, 1);
      if (letter === undefined) {
        this.#more = false;
        return undefined;
      }
      this.#after = letter.id;
      if (!this.entries.has(letter.id)) return letter;
    }
    return undefined;
  }

  /** Looks through the marked letters from the first again, leaving out those under way. */
  restart(): void {
    this.#after = 0;
    this.#more = true;
  }

  /** Takes back what is not at a consumer. */
  recall(): void {
    for (const [letter, entry] of this.entries) if (entry.state !== "in-flight") this.entries.delete(letter);
    this.restart();
  }
}
