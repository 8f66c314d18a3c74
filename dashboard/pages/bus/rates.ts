import type { TopicInfo } from "../../../runtime/bus/broker.ts";

interface Look {
  readonly atMs: number;
  readonly next: ReadonlyMap<string, number>;
}

/** Looks kept, and so the seconds that a rate is the mean of. */
const windowLooks = 6;

/** Events a second per topic, out of how far its end moved between looks. */
export class TopicRates {
  #looks: Look[] = [];

  add(topics: readonly TopicInfo[], atMs: number): void {
    const next = new Map(topics.map(({ topic, nextOffset }) => [topic, nextOffset]));
    this.#looks = [...this.#looks, { atMs, next }].slice(-windowLooks);
  }

  /** Undefined until there are two looks at the topic. A topic made anew begins at zero again: no rate is below it. */
  of(topic: string): number | undefined {
    const first = this.#looks.find(({ next }) => next.has(topic));
    const last = this.#looks[this.#looks.length - 1];
    if (first === undefined || last === undefined || first === last || last.atMs <= first.atMs)
      return undefined;
    const moved = (last.next.get(topic) ?? 0) - (first.next.get(topic) ?? 0);
    return Math.max(0, moved) / ((last.atMs - first.atMs) / 1000);
  }
}
