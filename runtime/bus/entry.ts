/**
 * One event on its way to one subscription.
 *
 * | state | meaning | next |
 * | --- | --- | --- |
 * | parked | an earlier event of its key is not done | ready |
 * | ready | may go to any consumer | in-flight |
 * | in-flight | a consumer has it; `due` is when it counts as lost | done, retry, ready (its consumer left) |
 * | retry | failed; `due` is when it becomes ready again; later events of its key stay parked | ready |
 * | done | acknowledged, dead, or given up because the subscription was moved | |
 */
export type EntryState = "parked" | "ready" | "in-flight" | "retry" | "done";

const steps: Readonly<Record<EntryState, readonly EntryState[]>> = {
  parked: ["ready"],
  ready: ["in-flight"],
  "in-flight": ["done", "retry", "ready"],
  retry: ["ready"],
  done: [],
};

export interface Entry {
  readonly offset: number;
  /** The block it lies in, and where. */
  readonly records: Buffer;
  readonly at: number;
  readonly key: string | undefined;
  /** Row of the dead letter that is being replayed; 0 for an event from the log. */
  readonly letter: number;
  /** Deliveries it may have in all before it is dead. */
  readonly maxDeliveries: number;
  /** Deliveries so far, the one under way included. */
  deliveries: number;
  lastError: string | undefined;
  state: EntryState;
  /** Ms since the epoch; see the states. */
  due: number;
  /** The next event of the same key, parked behind this one. */
  behind: Entry | undefined;
  /** The subscription was moved while this was in flight: its outcome no longer counts. */
  detached: boolean;
}

export function move(entry: Entry, to: EntryState): void {
  if (!steps[entry.state].includes(to)) {
    throw new Error(`an event at offset ${entry.offset} cannot go from ${entry.state} to ${to}`);
  }
  entry.state = to;
}
