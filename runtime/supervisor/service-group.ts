import { MicrocosmError } from "../../sdk/errors.ts";
import { mostInstances } from "../topology/schema.ts";
import type { Instance } from "./instance.ts";

/** Commands that wait for one another on one service; further ones are refused as `overloaded`. */
const maxQueuedCommands = 32;

export interface ServiceGroupOptions {
  readonly name: string;
  readonly instances: number;
  /** Makes an instance, not yet started. `ordinal` counts from 1. */
  readonly create: (id: string, ordinal: number) => Instance;
  /** An instance is gone for good. */
  readonly removed: (id: string) => void;
}

/** The instances of one service, `orders-1` to `orders-n`. Commands on it run one after the other. */
export class ServiceGroup {
  readonly name: string;
  readonly #options: ServiceGroupOptions;
  readonly #instances: Instance[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #closed = false;

  constructor(options: ServiceGroupOptions) {
    this.name = options.name;
    this.#options = options;
    for (let n = 1; n <= options.instances; n += 1) this.#add();
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** Starts what is down; resolves when all are settled. */
  start(): Promise<void> {
    return this.#command(async () => {
      await Promise.all(this.#instances.map((instance) => this.#bringUp(instance)));
    });
  }

  /** Drains all; they stay known, as stopped. */
  stop(): Promise<void> {
    return this.#command(async () => {
      await Promise.all(this.#instances.map((instance) => instance.stop()));
    });
  }

  /** One after the other. Ends early when one does not come back, so that the others go on serving. */
  restart(): Promise<void> {
    return this.#command(async () => {
      for (const instance of [...this.#instances]) {
        if ((await this.#renew(instance)) !== "ready") return;
      }
    });
  }

  /** Resolves when the new ones are settled, or those too many are drained and gone: the highest numbers go. */
  scale(count: number): Promise<void> {
    if (!Number.isInteger(count) || count < 0 || count > mostInstances) {
      throw new MicrocosmError(
        "bad-request",
        `${this.name} can have 0 to ${mostInstances} instances, not ${count}.`,
      );
    }
    return this.#command(async () => {
      const leaving = this.#instances.slice(count);
      while (this.#instances.length < count) this.#add();
      await Promise.all([
        ...this.#instances.slice(0, count).map((instance) => this.#bringUp(instance)),
        ...leaving.map((instance) => instance.stop()),
      ]);
      for (const instance of leaving.reverse()) {
        this.#instances.splice(this.#instances.indexOf(instance), 1);
        this.#options.removed(instance.id);
      }
    });
  }

  startOne(instance: Instance): Promise<void> {
    return this.#command(() => this.#bringUp(instance));
  }

  stopOne(instance: Instance): Promise<void> {
    return this.#command(() => instance.stop());
  }

  restartOne(instance: Instance): Promise<void> {
    return this.#command(async () => {
      await this.#renew(instance);
    });
  }

  /** The end of the run: no command starts anything any more, all instances drain now. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#instances.map((instance) => instance.stop()));
    await this.#last;
  }

  #add(): void {
    const ordinal = this.#instances.length + 1;
    this.#instances.push(this.#options.create(`${this.name}-${ordinal}`, ordinal));
  }

  async #bringUp(instance: Instance): Promise<void> {
    if (this.#closed || !this.#instances.includes(instance)) return;
    instance.start();
    await instance.settled();
  }

  async #renew(instance: Instance): Promise<string> {
    await instance.stopForRestart();
    await this.#bringUp(instance);
    return instance.phase;
  }

  async #command(work: () => Promise<void>): Promise<void> {
    if (this.#closed) throw new MicrocosmError("not-running", "The run is ending.");
    if (this.#queued >= maxQueuedCommands) {
      throw new MicrocosmError("overloaded", `${this.#queued} commands already wait for ${this.name}.`);
    }
    this.#queued += 1;
    const done = this.#last.then(work).finally(() => {
      this.#queued -= 1;
    });
    this.#last = done.catch(() => {});
    await done;
  }
}
