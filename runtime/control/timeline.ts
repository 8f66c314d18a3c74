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
  readonly #states = new Map<string, string>();

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
    const before = this.#states.get(id);
    if (before === state) return;
    this.#states.set(id, state);
    this.#tell({
      at: this.#clock.now(),
      kind: "state",
      text: before === undefined ? `${id} ${state}` : `${id} ${before} → ${state}`,
      service,
      instance: id,
      detail: { from: before ?? "", to: state, generation, ...(lastExit === undefined ? {} : { lastExit }) },
    });
  }

  action(action: Action): void {
    this.#tell({ at: this.#clock.now(), kind: "action", ...action });
  }

  #tell(entry: TimelineEntry): void {
    for (const told of this.#listeners) told(entry);
  }
}
