import type { Random } from "../clock.ts";
import type { Balancer, Candidate, PickContext } from "./balancer.ts";

interface Failures {
  inRow: number;
  /** Absolute ms; avoided until then. */
  until: number;
}

const firstAvoidMs = 500;
const longestAvoidMs = 30_000;

/**
 * The instance with the fewest calls of this caller under way; among equals a random one. A slow instance gathers
 * pending calls and so gets fewer.
 *
 * An instance that fails fast never has anything pending and would draw every call to itself, so failures count
 * apart: it is avoided for half a second, doubling with each further failure in a row, while another one is there.
 */
export class LeastPending implements Balancer {
  readonly #random: Random;
  #failed: WeakMap<Candidate, Failures> | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(candidates: readonly Candidate[], context: PickContext): Candidate {
    let best: Candidate | undefined;
    let bestAvoided = true;
    let ties = 0;
    for (const candidate of candidates) {
      const avoided = this.#avoids(candidate, context.now);
      if (best === undefined || (bestAvoided && !avoided)) {
        best = candidate;
        bestAvoided = avoided;
        ties = 1;
      } else if (avoided === bestAvoided && candidate.pending <= best.pending) {
        if (candidate.pending < best.pending) ties = 0;
        ties++;
        // Reservoir of one: the nth equal replaces the choice with probability 1/n, so all are equally likely.
        if (ties === 1 || this.#random() * ties < 1) best = candidate;
      }
    }
    return best!;
  }

  observe(candidate: Candidate, _durationMs: number, ok: boolean, now: number): void {
    if (ok) {
      this.#failed?.delete(candidate);
      return;
    }
    this.#failed ??= new WeakMap();
    const failures = this.#failed.get(candidate) ?? { inRow: 0, until: 0 };
    failures.until = now + Math.min(longestAvoidMs, firstAvoidMs * 2 ** failures.inRow);
    failures.inRow++;
    this.#failed.set(candidate, failures);
  }

  #avoids(candidate: Candidate, now: number): boolean {
    if (this.#failed === undefined) return false;
    const failures = this.#failed.get(candidate);
    return failures !== undefined && now < failures.until;
  }
}
