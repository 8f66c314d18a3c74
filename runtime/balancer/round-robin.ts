import type { Random } from "../clock.ts";
import type { Balancer, Candidate } from "./balancer.ts";

/** One after the other. Begins at a random place, so that many callers do not all begin at the first instance. */
export class RoundRobin implements Balancer {
  #next: number;

  constructor(random: Random) {
    this.#next = Math.floor(random() * 0x10000);
  }

  pick(candidates: readonly Candidate[]): Candidate {
    const index = this.#next % candidates.length;
    this.#next = index + 1;
    return candidates[index]!;
  }
}
