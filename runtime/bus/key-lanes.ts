import { TransientMap } from "../transient-map.ts";
import type { Entry } from "./entry.ts";

/** Keeps events of one key one after the other: the first has the lane, later ones are chained behind it. */
export class KeyLanes {
  /** The last event of each lane. */
  readonly #last = new TransientMap<string, Entry>();

  /** True when the lane was free and is now the event's own; otherwise it is chained to the end. */
  enter(entry: Entry, key: string): boolean {
    const last = this.#last.get(key);
    this.#last.set(key, entry);
    if (last === undefined) return true;
    last.behind = entry;
    return false;
  }

  /** The event that has the lane is done; returns the one whose turn it is. */
  leave(entry: Entry, key: string): Entry | undefined {
    const next = entry.behind;
    entry.behind = undefined;
    if (next === undefined && this.#last.get(key) === entry) this.#last.delete(key);
    return next;
  }

  clear(): void {
    this.#last.clear();
  }
}
