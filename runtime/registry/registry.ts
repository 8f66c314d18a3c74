/** Where an instance is in its life. Only `ready` ones get new calls. The allowed steps are in states.ts. */
export type InstanceState = "starting" | "ready" | "draining" | "stopped" | "unhealthy";

export interface InstanceRecord {
  /** `orders-1`; kept across restarts. */
  readonly id: string;
  readonly service: string;
  readonly version: string;
  /** From 1, one more with every restart. */
  readonly generation: number;
  readonly state: InstanceState;
  /** Transport address of its data plane. */
  readonly address: string;
  readonly weight: number;
  readonly pid?: number;
  /** With `stopped`: its next generation is started soon, so that waiting for it makes sense. */
  readonly restarting?: true;
  /** When it entered `state`, milliseconds since the epoch. */
  readonly since: number;
}

/** All instances as of `version`; versions only grow, by one a change. */
export interface RegistrySnapshot {
  readonly version: number;
  readonly instances: readonly InstanceRecord[];
}

/** Takes a view from version `from` to `to`. A view that is not at `from` asks for a snapshot. */
export interface RegistryDelta {
  readonly from: number;
  readonly to: number;
  readonly upserts: readonly InstanceRecord[];
  readonly removes: readonly string[];
}

/** Who is where and in what state. Methods do not block; watchers are told in the order of the changes. */
export interface Registry {
  /** Adds or replaces an instance. Throws on an illegal step of its state machine. */
  put(record: InstanceRecord): void;
  remove(id: string): void;
  get(id: string): InstanceRecord | undefined;
  snapshot(): RegistrySnapshot;
  /** Calls `changed` on each change until the returned function is called. */
  watch(changed: (delta: RegistryDelta) => void): () => void;
}
