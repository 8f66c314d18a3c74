import type { Logger } from "../../sdk/service.ts";
import { alignedDelay, type Clock } from "../clock.ts";
import type { Inbox } from "../storage/inbox.ts";

export interface InboxPrunerOptions {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long an event's effect is remembered; redeliveries come well within it. Default 7 days. */
  readonly retentionMs?: number;
  /** Default 60000. */
  readonly intervalMs?: number;
  /** Rows forgotten in one step, so that no write waits long for it. Default 1000. */
  readonly stepRows?: number;
}

/** Keeps the inbox from growing for ever. */
export class InboxPruner {
  readonly #options: Required<InboxPrunerOptions>;
  #cancel: (() => void) | undefined;

  constructor(options: InboxPrunerOptions) {
    this.#options = { retentionMs: 7 * 24 * 3_600_000, intervalMs: 60_000, stepRows: 1000, ...options };
  }

  start(): void {
    this.#arm(this.#options.intervalMs);
  }

  stop(): void {
    this.#cancel?.();
  }

  #arm(delayMs: number): void {
    const { clock } = this.#options;
    this.#cancel = clock.after(alignedDelay(clock.now(), delayMs), () => this.#prune());
  }

  #prune(): void {
    const { inbox, clock, log, retentionMs, intervalMs, stepRows } = this.#options;
    let pruned = 0;
    try {
      pruned = inbox.prune(clock.now() - retentionMs, stepRows);
    } catch (error) {
      log.warn("The inbox cannot be pruned", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
    // A full step: there is more. Soon, but after whoever waits for the lock.
    this.#arm(pruned === stepRows ? Math.min(100, intervalMs) : intervalMs);
  }
}
