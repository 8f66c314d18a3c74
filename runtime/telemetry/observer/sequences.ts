import type { TelemetryBatch } from "../model.ts";
import type { Tally } from "./tally.ts";

/** Workers remembered; a run with more restarts than this forgets the oldest. */
const maxWorkers = 2000;

/** Notices batches that never came. Links keep order, so a gap is a loss and not a delay. */
export class Sequences {
  readonly #tally: Tally;
  /** By instance and generation, in the order last heard of. */
  readonly #last = new Map<string, number>();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** False for a batch that was here before. */
  note(batch: Pick<TelemetryBatch, "instance" | "generation" | "sequence">): boolean {
    const key = `${batch.instance}/${batch.generation}`;
    const last = this.#last.get(key);
    if (last !== undefined && batch.sequence <= last) return false;
    // The first one heard of may be any: the observer may have started in the middle.
    if (last !== undefined) this.#tally.count("lost", batch.sequence - last - 1);
    this.#last.delete(key);
    this.#last.set(key, batch.sequence);
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= maxWorkers) break;
      this.#last.delete(oldest);
    }
    return true;
  }
}
