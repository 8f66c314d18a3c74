import { LatencyHistogram } from "./histogram.ts";
import type { Second } from "./result.ts";

/** A second put together from parts: the same one of several processes, or several that are to count as one. */
export class PartialSecond {
  parts = 0;
  #counts = { begun: 0, replied: 0, failed: 0, bad: 0 };
  readonly #corrected = new LatencyHistogram();

  add(part: Omit<Second, "second">): void {
    this.parts++;
    for (const key of ["begun", "replied", "failed", "bad"] as const) this.#counts[key] += part[key];
    this.#corrected.merge(LatencyHistogram.decode(part.corrected));
  }

  finish(second: number): Second {
    return { second, ...this.#counts, corrected: this.#corrected.encode() };
  }
}
