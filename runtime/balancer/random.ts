import type { Random } from "../clock.ts";
import type { Balancer, Candidate } from "./balancer.ts";

/** Any instance, all equally likely. */
export class RandomChoice implements Balancer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(candidates: readonly Candidate[]): Candidate {
    return candidates[Math.floor(this.#random() * candidates.length)]!;
  }
}
