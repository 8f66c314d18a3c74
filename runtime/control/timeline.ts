import type { Clock } from "../clock.ts";
import type { TimelineEntry } from "../telemetry/model.ts";
import type { InstanceInfo } from "./api.ts";

/** Something a person, or the scaler, did. */
export interface Action {
  /** `scale catalog to 3`. */
  readonly text: string;
  readonly service?: string;
  readonly instance?: string;
}

/** Words for what happens to a run. Tells each entry to everyone who listens; keeps none. */
export class Timeline {
  readonly #clock: Clock;
  readonly #listeners = new Set<(entry: TimelineEntry) => void>();
  /** Instance → the state it was last in. */
  readonly #states = new Map<string, { readonly state: string; readonly service: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `told` must not throw. Returns how to stop. */
  listen(told: (entry: TimelineEntry) => void): () => void {
    this.#listeners.add(told);
    return () => this.#listeners.delete(told);
  }

  /** An instance may have entered another state. */
  state(instance: InstanceInfo): void {
    const { id, service, state, generation, lastExit } = instance;
    const before = this.#states.get(id)?.state;
    if (before === state) return;
    this.#states.set(id, { state, service });
    this.#tell({
      at: this.#clock.now(),
      kind: "state",
      text: before === undefined ? `${id} ${state}` : `${id} ${before} → ${state}`,
      service,
      instance: id,
      detail: { from: before ?? "", to: state, generation, ...(lastExit === undefined ? {} : { lastExit }) },
    });
  }

  /** An instance is there no more, as when its service is scaled down. */
  removed(id: string): void {
    const known = this.#states.get(id);
    if (known === undefined) return;
    this.#states.delete(id);
    this.#tell({
      at: this.#clock.now(),
      kind: "state",
      text: `${id} ${known.state} → removed`,
      service: known.service,
      instance: id,
      detail: { from: known.state, to: "removed" },
    });
  }

  /** What runs is another topology than it was. */
  topology(text: string, changes: readonly string[]): void {
    this.#tell({ at: this.#clock.now(), kind: "topology", text, detail: { changes } });
  }

  action(action: Action): void {
    this.#tell({ at: this.#clock.now(), kind: "action", ...action });
  }

  #tell(entry: TimelineEntry): void {
    for (const told of this.#listeners) told(entry);
  }
}
