import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger } from "../../sdk/service.ts";
import type { EventRecord } from "../bus/broker.ts";
import { alignedDelay, type Clock } from "../clock.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";

export interface OutboxRelayOptions {
  readonly outbox: Outbox;
  /** The broker's `publish`. */
  readonly publish: (topic: string, record: EventRecord, deadline: number) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rows under way at once. Default 128. */
  readonly batchRows?: number;
  /** Data under way at once, beyond one row. Default 4 MiB. */
  readonly batchBytes?: number;
  /** Between attempts while rows wait: the broker is away, or the file cannot be read or written. Default 1000. */
  readonly retryMs?: number;
  /** How long one attempt waits for the broker. Default 10000. */
  readonly publishTimeoutMs?: number;
}

/**
 * Sends what the outbox holds. Every instance sends all rows of the shared file, oldest first: events of one key thus
 * keep their order across instances, and the broker drops the doubles by their ids. A row stays until the broker has
 * it; while the broker is away the relay keeps trying. It looks into the outbox when it starts and when it is woken, and
 * sleeps otherwise.
 */
export class OutboxRelay {
  readonly #options: Required<OutboxRelayOptions>;
  #cancelRetry: (() => void) | undefined;
  #cancelWake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #started = false;
  #stopped = false;
  #brokerAway = false;
  /** The last attempt left rows behind, or could not tell. */
  #unfinished = false;

  constructor(options: OutboxRelayOptions) {
    this.#options = {
      batchRows: 128,
      batchBytes: 4 * 1024 * 1024,
      retryMs: 1000,
      publishTimeoutMs: 10_000,
      ...options,
    };
    for (const key of ["batchRows", "batchBytes", "retryMs", "publishTimeoutMs"] as const) {
      const value = this.#options[key];
      if (!(value >= 1)) throw new RangeError(`${key}: expected at least 1, got ${value}`);
    }
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    const back = this.#guarded(() => this.#options.outbox.retryRefused());
    if (back) this.#options.log.info("Sending events again that the broker refused before", { events: back });
    this.wake();
  }

  /** Call after a commit that added rows, or when an instance died that may have. Commits of one tick share a batch. */
  wake(): void {
    if (!this.#started || this.#stopped || this.#cancelWake !== undefined) return;
    const wake = setImmediate(() => {
      this.#cancelWake = undefined;
      void this.#send();
    });
    this.#cancelWake = () => clearImmediate(wake);
  }

  /** Resolves when nothing is left to send, the broker did not take it in this attempt, or `timeoutMs` passed. */
  flush(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancelTimer = this.#options.clock.after(timeoutMs, resolve);
      this.#again = true;
      void this.#send().then(() => {
        cancelTimer();
        resolve();
      });
    });
  }

  /**
   * Touches the database no more. Does not wait for the broker, which may be away for long: what it has not
   * acknowledged stays in the file, and is sent again by the next instance under the same id. Idempotent.
   */
  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#cancelWake?.();
  }

  #retryLater(): void {
    const { clock, retryMs } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = clock.after(alignedDelay(clock.now(), retryMs), () => void this.#send());
  }

  #send(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#unfinished = false;
    this.#running = this.#sendAll().finally(() => {
      this.#running = undefined;
      if (this.#unfinished && !this.#stopped) this.#retryLater();
    });
    return this.#running;
  }

  async #sendAll(): Promise<void> {
    const { outbox, batchRows, batchBytes } = this.#options;
    do {
      this.#again = false;
      for (;;) {
        const rows = this.#guarded(() => outbox.batch(batchRows, batchBytes)) ?? [];
        if (rows.length === 0 || !(await this.#sendBatch(rows))) break;
      }
    } while (this.#again && !this.#brokerAway && !this.#stopped);
  }

  /** False when the broker is away: tried again later. */
  async #sendBatch(rows: readonly OutboxRow[]): Promise<boolean> {
    const { outbox, publish, clock, log, publishTimeoutMs } = this.#options;
    const deadline = clock.now() + publishTimeoutMs;
    const outcomes = await Promise.allSettled(rows.map((row) => publish(row.topic, row.record, deadline)));
    if (this.#stopped) return false;
    const sent: number[] = [];
    let away: unknown;
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === "fulfilled") sent.push(row.id);
      else if (isFinal(outcome?.reason)) this.#refuse(row, outcome?.reason);
      else away ??= outcome?.reason;
    }
    const removed = this.#guarded(() => {
      outbox.remove(sent);
      return true;
    });
    if (away !== undefined && !this.#brokerAway) {
      log.warn("The broker does not take events; they wait in the outbox", { reason: messageOf(away) });
    } else if (away === undefined && this.#brokerAway) {
      log.info("The broker takes events again");
    }
    this.#brokerAway = away !== undefined;
    this.#unfinished ||= this.#brokerAway;
    return removed === true && !this.#brokerAway;
  }

  #refuse(row: OutboxRow, reason: unknown): void {
    const event = row.record.id;
    this.#options.log.error(`An event for ${row.topic} cannot be sent; it stays in microcosm_outbox`, {
      event,
      reason: messageOf(reason),
    });
    this.#guarded(() => this.#options.outbox.refuse(row.id, messageOf(reason)));
  }

  /** A full disk must not end the relay: it says so and tries again later. */
  #guarded<R>(work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.#unfinished = true;
      this.#options.log.error("The outbox cannot be read or written", { reason: messageOf(error) });
      return undefined;
    }
  }
}

function isFinal(reason: unknown): boolean {
  return (
    reason instanceof MicrocosmError &&
    ["unknown-topic", "event-invalid", "body-too-large"].includes(reason.code)
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
