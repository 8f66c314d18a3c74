/** What a generator process has had of what it is owed; in all, since it subscribed. */
export interface Deliveries {
  /** Acknowledged events, once for each subscription. */
  readonly owed: number;
  readonly arrived: number;
}

/** So long without a delivery, what is missing is not waited for any more. Longer than any redelivery's backoff. */
export const quietMs = 10_000;
/** Whatever still comes: a backlog that takes longer than this is told as not delivered. */
export const maxDrainMs = 300_000;

/**
 * Whether the deliveries of a run are over. Its generator processes compete for them, so that only all together can tell: what
 * one has published, another may have had.
 */
export class Drain {
  readonly #processes: number;
  readonly #latest = new Map<number, Deliveries>();
  #beganMs: number | undefined;
  #arrived = -1;
  #progressMs = 0;

  constructor(processes: number) {
    this.#processes = processes;
  }

  /** To be told again and again by each process, once all that it has published is acknowledged or refused. */
  isOver(process: number, deliveries: Deliveries, nowMs: number): boolean {
    this.#latest.set(process, deliveries);
    if (this.#latest.size < this.#processes) return false;
    this.#beganMs ??= nowMs;
    const sum = (key: keyof Deliveries) =>
      [...this.#latest.values()].reduce((all, each) => all + each[key], 0);
    const [owed, arrived] = [sum("owed"), sum("arrived")];
    if (arrived !== this.#arrived) this.#progressMs = nowMs;
    this.#arrived = arrived;
    return arrived >= owed || nowMs - this.#progressMs >= quietMs || nowMs - this.#beganMs >= maxDrainMs;
  }
}
