import type { Logger } from "../../sdk/service.ts";
import type { Clock } from "../clock.ts";
import type { Leases } from "../storage/lease.ts";
import { stackOf } from "./problems.ts";

export interface ScheduleOptions {
  readonly leases: Leases;
  /** The instance. Not its generation: after a crash it goes on with its own timers at once. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long the others wait before they take over from an instance that died, beyond two intervals. Default 10000. */
  readonly leaseMs?: number;
}

interface Task {
  readonly name: string;
  readonly intervalMs: number;
  readonly work: () => unknown;
  cancel: () => void;
  running: Promise<void> | undefined;
}

/** `ctx.every`: each task on one instance at a time, the one that holds its lease. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #leaseMs: number;
  readonly #tasks: Task[] = [];
  #stopped = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 10_000;
  }

  /** Tasks are told apart by the order they are added in, which is the same on all instances of a version. */
  every(intervalMs: number, work: () => unknown): void {
    if (!Number.isFinite(intervalMs) || intervalMs < 1) {
      throw new RangeError(`ctx.every(intervalMs): expected at least 1 ms, got ${intervalMs}`);
    }
    const task: Task = {
      name: `every-${this.#tasks.length}`,
      intervalMs,
      work,
      cancel: () => {},
      running: undefined,
    };
    this.#tasks.push(task);
    this.#arm(task);
  }

  /** Starts nothing further, waits for what runs, lets the leases go. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const task of this.#tasks) task.cancel();
    await Promise.all(this.#tasks.map((task) => task.running));
    for (const task of this.#tasks.splice(0)) {
      this.#guarded(task, () => this.#options.leases.release(task.name, this.#options.holder));
    }
  }

  #arm(task: Task): void {
    if (this.#stopped) return;
    task.cancel = this.#options.clock.after(task.intervalMs, () => {
      task.running = this.#run(task).finally(() => {
        task.running = undefined;
        this.#arm(task);
      });
    });
  }

  async #run(task: Task): Promise<void> {
    if (!this.#acquire(task)) return;
    // Work that takes longer than its lease keeps it.
    let over = false;
    const renew = () => {
      if (over) return;
      this.#acquire(task);
      cancelRenewal = this.#options.clock.after(this.#ttlMs(task) / 3, renew);
    };
    let cancelRenewal = this.#options.clock.after(this.#ttlMs(task) / 3, renew);
    try {
      await task.work();
    } catch (error) {
      this.#options.log.error(
        `ctx.every(${task.intervalMs}) failed; it runs again in ${task.intervalMs} ms`,
        {
          stack: stackOf(error),
        },
      );
    } finally {
      over = true;
      cancelRenewal();
    }
  }

  #acquire(task: Task): boolean {
    const { leases, holder, clock } = this.#options;
    return (
      this.#guarded(task, () => leases.acquire(task.name, holder, clock.now(), this.#ttlMs(task))) ?? false
    );
  }

  #ttlMs(task: Task): number {
    // Longer than to the next run, or another instance would run in between.
    return this.#leaseMs + task.intervalMs * 2;
  }

  #guarded<R>(task: Task, work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.#options.log.error(`The lease of ctx.every(${task.intervalMs}) cannot be read or written`, {
        reason: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }
}
