import type { Random } from "../clock.ts";
import type { Balancer, Candidate, PickContext } from "./balancer.ts";

/**
 * Equal keys go to the same instance, by rendezvous hashing: each instance gets a score from the key and its id, and
 * the highest one wins. An instance that leaves loses only its own keys, which spread over the others; one that joins
 * takes only what it wins. Weights are respected. There is no ring to keep, and the second-best is well defined when
 * the best was already tried. Costs one hash per instance and call, which suits the tens of instances there are here.
 *
 * Without a key the choice is random.
 *
 * Sources: D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998); the weighted score
 * `-weight / ln(u)` from J. Schindelhauer, G. Schomaker, "Weighted Distributed Hash Tables" (2005).
 */
export class ConsistentHash implements Balancer {
  readonly #random: Random;
  readonly #idHashes = new WeakMap<Candidate, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  pick(candidates: readonly Candidate[], context: PickContext): Candidate {
    if (context.key === undefined) return candidates[Math.floor(this.#random() * candidates.length)]!;
    const keyHash = hashOf(context.key);
    let best = candidates[0]!;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const mixed = finalize(keyHash ^ this.#idHash(candidate));
      // In (0, 1), so that the logarithm is finite and below zero.
      const uniform = (mixed + 0.5) / 4294967296;
      const score = -Math.max(candidate.weight, 0) / Math.log(uniform);
      if (score > bestScore) {
        best = candidate;
        bestScore = score;
      }
    }
    return best;
  }

  /** Of the id and not the object: a restarted instance keeps its keys, and all callers agree on them. */
  #idHash(candidate: Candidate): number {
    let hash = this.#idHashes.get(candidate);
    if (hash === undefined) {
      hash = finalize(hashOf(candidate.id));
      this.#idHashes.set(candidate, hash);
    }
    return hash;
  }
}

/** FNV-1a over UTF-16 units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** MurmurHash3's last step: spreads every input bit over all 32 (Austin Appleby, public domain). */
function finalize(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
