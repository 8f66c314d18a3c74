import type { Clock } from "../../../clock.ts";
import type { Tally } from "../tally.ts";
import type { Outcome } from "./deliver.ts";

export interface OutletOptions<T> {
  /** For messages: `otlp traces`. */
  readonly name: string;
  /** Delivers a batch; `again` when it may work later. Must not throw. */
  readonly deliver: (items: readonly T[], signal: AbortSignal) => Promise<Outcome>;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** Items that wait; of more, the oldest are let go and counted as `export`. Default 10000. */
  readonly maxWaiting?: number;
  /** Default 1000. */
  readonly intervalMs?: number;
}

const maxBatch = 2000;
const firstBackoffMs = 1000;
const maxBackoffMs = 30_000;
/** For what waits, when the observer ends. */
const stopTimeoutMs = 1500;

/** Brings items to one place outside, in batches and in order; nothing else waits for that place. */
export class Outlet<T> {
  readonly #options: OutletOptions<T>;
  readonly #maxWaiting: number;
  readonly #ending = new AbortController();
  #waiting: T[] = [];
  #sending: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #backoffMs = 0;
  #told = false;

  constructor(options: OutletOptions<T>) {
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? 10_000;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#waiting.push(item);
    const over = this.#waiting.length - this.#maxWaiting;
    if (over > 0) {
      this.#waiting.splice(0, over);
      this.#options.tally.count("export", over);
    }
    this.#arm(this.#options.intervalMs ?? 1000);
  }

  /** Sends what waits, as far as it goes in a second and a half. Idempotent. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    const timer = setTimeout(() => this.#ending.abort(), stopTimeoutMs);
    try {
      await this.#sending;
      while (this.#waiting.length > 0 && !this.#ending.signal.aborted && (await this.#sendOne()));
    } finally {
      clearTimeout(timer);
      this.#ending.abort();
      this.#options.tally.count("export", this.#waiting.length);
      this.#waiting = [];
    }
  }

  #arm(ms: number): void {
    if (this.#cancelTimer !== undefined || this.#sending !== undefined || this.#ending.signal.aborted) return;
    this.#cancelTimer = this.#options.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#sending = this.#sendAll().finally(() => {
        this.#sending = undefined;
        if (this.#waiting.length > 0) this.#arm(this.#backoffMs || (this.#options.intervalMs ?? 1000));
      });
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 && (await this.#sendOne()));
  }

  /** Whether to go on with the next batch. */
  async #sendOne(): Promise<boolean> {
    const { name, deliver, tally, warn } = this.#options;
    const batch = this.#waiting.splice(0, maxBatch);
    const outcome = await deliver(batch, this.#ending.signal);
    if (outcome === "done") {
      if (this.#told) warn(`${name}: works again`);
      this.#told = false;
      this.#backoffMs = 0;
      return true;
    }
    if (outcome !== "again") {
      const refused = outcome === "refused" ? batch.length : outcome.refused;
      this.#tell(`refuses ${refused} of ${batch.length}`);
      tally.count("export", refused);
      this.#backoffMs = 0;
      return true;
    }
    this.#tell("cannot be reached, is tried again");
    this.#backoffMs = Math.min(maxBackoffMs, this.#backoffMs * 2 || firstBackoffMs);
    const room = Math.max(0, this.#maxWaiting - this.#waiting.length);
    tally.count("export", Math.max(0, batch.length - room));
    this.#waiting = [...batch.slice(Math.max(0, batch.length - room)), ...this.#waiting];
    return false;
  }
  /** Once, until it works again. */
  #tell(what: string): void {
    if (!this.#told) this.#options.warn(`${this.#options.name}: ${what}`);
    this.#told = true;
  }
}
