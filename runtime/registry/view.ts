import { MicrocosmError } from "../../sdk/errors.ts";
import type { CallSignal } from "../call-signal.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { InstanceRecord, RegistryDelta, RegistrySnapshot } from "./registry.ts";

export interface RegistryViewOptions {
  readonly clock?: Clock;
  /** Callers that may wait for one service at a time; further ones are refused as `overloaded`. Default 4096. */
  readonly maxWaiters?: number;
}

interface ServiceView {
  /** Replaced, never changed, when the set of ready instances or one of their records changes. */
  ready: readonly InstanceRecord[];
  everReady: boolean;
  readonly waiters: Set<Waiter>;
}

const nobody: readonly InstanceRecord[] = [];
/** setTimeout fires at once beyond this; such a deadline is as good as none. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * What a worker knows of the registry: the last snapshot pushed to it and the deltas since. Calls read it on the hot
 * path, so `ready` is a lookup; all work is done when something changes.
 */
export class RegistryView {
  readonly #clock: Clock;
  readonly #maxWaiters: number;
  readonly #instances = new Map<string, InstanceRecord>();
  readonly #services = new Map<string, ServiceView>();
  readonly #listeners = new Set<(services: ReadonlySet<string>) => void>();
  #version = -1;

  constructor(options: RegistryViewOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#maxWaiters = options.maxWaiters ?? 4096;
    if (!(this.#maxWaiters >= 1)) {
      throw new RangeError(`maxWaiters: expected at least 1, got ${this.#maxWaiters}`);
    }
  }

  /** -1 before the first snapshot. */
  get version(): number {
    return this.#version;
  }

  /** Takes the snapshot as the truth, whatever was here before. */
  apply(snapshot: RegistrySnapshot): void {
    const touched = new Set<string>();
    for (const record of this.#instances.values()) touched.add(record.service);
    this.#instances.clear();
    for (const record of snapshot.instances) {
      this.#instances.set(record.id, record);
      touched.add(record.service);
    }
    this.#version = snapshot.version;
    this.#refresh(touched);
  }

  /** False when a delta before this one is missing: ask for a snapshot. One that is already known is ignored. */
  applyDelta(delta: RegistryDelta): boolean {
    if (this.#version >= 0 && delta.to <= this.#version) return true;
    if (delta.from !== this.#version) return false;
    const touched = new Set<string>();
    for (const id of delta.removes) {
      const record = this.#instances.get(id);
      if (record === undefined) continue;
      this.#instances.delete(id);
      touched.add(record.service);
    }
    for (const record of delta.upserts) {
      this.#instances.set(record.id, record);
      touched.add(record.service);
    }
    this.#version = delta.to;
    this.#refresh(touched);
    return true;
  }

  /** Ordered by id. The same array until the ready instances of this service change; do not modify it. */
  ready(service: string): readonly InstanceRecord[] {
    return this.#services.get(service)?.ready ?? nobody;
  }

  isReady(service: string): boolean {
    return this.ready(service).length > 0;
  }

  get(id: string): InstanceRecord | undefined {
    return this.#instances.get(id);
  }

  /** Whether any instance of it is known, in whatever state. */
  has(service: string): boolean {
    return this.instances(service).length > 0;
  }

  /** All known instances of a service, ordered by id. Walks the whole view: for messages and pages, not for calls. */
  instances(service: string): InstanceRecord[] {
    return this.all().filter((record) => record.service === service);
  }

  /** All known instances, ordered by id. */
  all(): InstanceRecord[] {
    return [...this.#instances.values()].sort(byId);
  }

  /**
   * Resolves when the service has a ready instance. Rejects with `no-ready-instance` at `deadline` (absolute ms), or as
   * soon as all its instances are stopped and none is going to be restarted: in a crash loop, or stopped by someone;
   * `deadline-exceeded` when that is already past, `cancelled` by `signal`, `overloaded` when too many wait.
   *
   * Waiting in vain is `no-ready-instance` and not `deadline-exceeded` also for a service that was ready before:
   * nothing has been sent, so the caller may safely try again, and the code says so.
   */
  waitReady(service: string, deadline: number, signal?: CallSignal): Promise<void> {
    if (this.isReady(service)) return Promise.resolve();
    if (signal?.aborted)
      return Promise.reject(new MicrocosmError("cancelled", `wait for ${service} cancelled`));
    const remainingMs = deadline - this.#clock.now();
    if (remainingMs <= 0) {
      const message = `no time left to wait for ${this.#describe(service)}`;
      return Promise.reject(new MicrocosmError("deadline-exceeded", message));
    }
    if (this.#isDown(service)) return Promise.reject(this.#down(service));
    const { waiters } = this.#service(service);
    if (waiters.size >= this.#maxWaiters) {
      const message = `${waiters.size} calls already wait for ${service} to become ready`;
      return Promise.reject(new MicrocosmError("overloaded", message));
    }
    const waiter = new Waiter(service, waiters, signal);
    if (remainingMs <= longestTimerMs) {
      waiter.timer = this.#clock.after(remainingMs, () => {
        const message = `waited ${remainingMs} ms in vain for ${this.#describe(service)}`;
        waiter.reject(new MicrocosmError("no-ready-instance", message));
      });
    }
    return waiter.promise;
  }

  /** Calls `listener` with the services concerned after each change; the returned function ends that. */
  onChange(listener: (services: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #service(name: string): ServiceView {
    let service = this.#services.get(name);
    if (service === undefined) {
      service = { ready: nobody, everReady: false, waiters: new Set() };
      this.#services.set(name, service);
    }
    return service;
  }

  #refresh(touched: ReadonlySet<string>): void {
    const ready = new Map<string, InstanceRecord[]>();
    for (const name of touched) ready.set(name, []);
    for (const record of this.#instances.values()) {
      if (record.state === "ready") ready.get(record.service)?.push(record);
    }
    for (const [name, records] of ready) {
      const service = this.#service(name);
      records.sort(byId);
      if (!sameMembers(service.ready, records)) service.ready = records;
      if (records.length > 0) service.everReady = true;
    }
    for (const listener of [...this.#listeners]) listener(touched);
    for (const name of touched) {
      const service = this.#services.get(name);
      if (service === undefined || service.waiters.size === 0) continue;
      if (service.ready.length > 0) for (const waiter of [...service.waiters]) waiter.resolve();
      else if (this.#isDown(name)) for (const waiter of [...service.waiters]) waiter.reject(this.#down(name));
    }
  }

  /** Nothing of it runs and nothing is about to. A service without any instance is one that is about to begin. */
  #isDown(service: string): boolean {
    const records = this.instances(service);
    return records.length > 0 && records.every(({ state, restarting }) => state === "stopped" && !restarting);
  }

  #down(service: string): MicrocosmError {
    return new MicrocosmError("no-ready-instance", this.#describe(service));
  }

  #describe(service: string): string {
    const known = this.instances(service).map((record) => `${record.id} ${record.state}`);
    const past = this.#services.get(service)?.everReady ? "not ready any more" : "has never been ready";
    return `${service}: ${past} (${known.length > 0 ? known.join(", ") : "no instance known"})`;
  }
}

class Waiter {
  readonly promise: Promise<void>;
  timer: (() => void) | undefined;
  readonly #service: string;
  readonly #all: Set<Waiter>;
  readonly #signal: CallSignal | undefined;
  readonly #settle: { resolve: () => void; reject: (error: MicrocosmError) => void };

  constructor(service: string, all: Set<Waiter>, signal: CallSignal | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#settle = { resolve, reject };
    this.#service = service;
    this.#all = all;
    this.#signal = signal;
    all.add(this);
    signal?.addEventListener("abort", this);
  }

  /** The signal aborted. */
  handleEvent(): void {
    this.reject(new MicrocosmError("cancelled", `wait for ${this.#service} cancelled`));
  }

  resolve(): void {
    this.#leave();
    this.#settle.resolve();
  }

  reject(error: MicrocosmError): void {
    this.#leave();
    this.#settle.reject(error);
  }

  #leave(): void {
    this.#all.delete(this);
    this.#signal?.removeEventListener("abort", this);
    this.timer?.();
  }
}

/** `orders-2` before `orders-10`. */
function byId(a: InstanceRecord, b: InstanceRecord): number {
  return a.id.localeCompare(b.id, "en", { numeric: true });
}

function sameMembers(a: readonly InstanceRecord[], b: readonly InstanceRecord[]): boolean {
  return a.length === b.length && a.every((record, index) => record === b[index]);
}
