import type { InstanceRecord, Registry, RegistryDelta, RegistrySnapshot } from "./registry.ts";
import { checkStep } from "./states.ts";

interface Watcher {
  readonly changed: (delta: RegistryDelta) => void;
  /** Version it joined at: older changes still being told to others are not for it. */
  readonly since: number;
}

/** The supervisor's registry: in this process's memory, rebuilt by each run. Every change is one version. */
export class MemoryRegistry implements Registry {
  readonly #instances = new Map<string, InstanceRecord>();
  readonly #watchers = new Set<Watcher>();
  readonly #untold: RegistryDelta[] = [];
  #version = 0;
  #telling = false;

  /** Putting an equal record again is no change. */
  put(record: InstanceRecord): void {
    const previous = this.#instances.get(record.id);
    checkStep(previous, record);
    if (previous !== undefined && sameRecord(previous, record)) return;
    this.#instances.set(record.id, record);
    this.#changed([record], []);
  }

  remove(id: string): void {
    if (this.#instances.delete(id)) this.#changed([], [id]);
  }

  get(id: string): InstanceRecord | undefined {
    return this.#instances.get(id);
  }

  snapshot(): RegistrySnapshot {
    return { version: this.#version, instances: [...this.#instances.values()] };
  }

  watch(changed: (delta: RegistryDelta) => void): () => void {
    const watcher = { changed, since: this.#version };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #changed(upserts: readonly InstanceRecord[], removes: readonly string[]): void {
    const from = this.#version;
    this.#version = from + 1;
    this.#untold.push({ from, to: from + 1, upserts, removes });
    this.#tell();
  }

  /**
   * A watcher may change the registry. Without the queue the watchers after it would hear of that change before the
   * one that caused it, and lose step. A watcher that throws keeps nobody else from hearing; its error surfaces last.
   */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    const thrown: unknown[] = [];
    try {
      for (let delta = this.#untold.shift(); delta !== undefined; delta = this.#untold.shift()) {
        for (const watcher of [...this.#watchers]) {
          if (watcher.since >= delta.to || !this.#watchers.has(watcher)) continue;
          try {
            watcher.changed(delta);
          } catch (error) {
            thrown.push(error);
          }
        }
      }
    } finally {
      this.#telling = false;
    }
    if (thrown.length > 0) throw new AggregateError(thrown, "a registry watcher threw");
  }
}

function sameRecord(a: InstanceRecord, b: InstanceRecord): boolean {
  return (
    a.state === b.state &&
    a.generation === b.generation &&
    a.address === b.address &&
    a.weight === b.weight &&
    a.version === b.version &&
    a.pid === b.pid &&
    a.restarting === b.restarting &&
    a.since === b.since
  );
}
