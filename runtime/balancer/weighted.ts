import type { Balancer, Candidate } from "./balancer.ts";

/**
 * Shares in proportion to the weights, without bursts: with weights 5, 1, 1 the order is a a b a c a a. Every pick
 * raises each instance's credit by its weight and takes the sum of the weights from the one with the most.
 * An instance of weight 0 gets calls only when there is no other.
 *
 * Source: nginx's smooth weighted round robin (nginx commit 52327e0627f4, src/http/ngx_http_upstream_round_robin.c).
 */
export class Weighted implements Balancer {
  readonly #credits = new WeakMap<Candidate, { value: number }>();

  pick(candidates: readonly Candidate[]): Candidate {
    let best: Candidate | undefined;
    let bestCredit: { value: number } | undefined;
    let total = 0;
    for (const candidate of candidates) {
      if (!(candidate.weight > 0)) continue;
      const credit = this.#credit(candidate);
      credit.value += candidate.weight;
      total += candidate.weight;
      if (bestCredit === undefined || credit.value > bestCredit.value) {
        best = candidate;
        bestCredit = credit;
      }
    }
    if (best === undefined || bestCredit === undefined) return candidates[0]!;
    bestCredit.value -= total;
    return best;
  }

  #credit(candidate: Candidate): { value: number } {
    let credit = this.#credits.get(candidate);
    if (credit === undefined) {
      credit = { value: 0 };
      this.#credits.set(candidate, credit);
    }
    return credit;
  }
}
