import type { Random } from "../clock.ts";
import type { Balancer, Candidate, PickContext } from "./balancer.ts";

interface Latency {
  /** Moving average of response times in ms, as of `at`. */
  costMs: number;
  at: number;
}

/** Time constant of the average: what was seen this long ago weighs 1/e. Linkerd's default. */
const decayMs = 10_000;
/** A failed call counts as one this slow, so that failing fast does not look like being fast. */
const failureMs = 5_000;
/** The clock counts whole milliseconds; without a floor all quick instances would cost nothing, whatever is pending. */
const floorMs = 0.1;
/** An instance nobody has heard from yet gets one call to prove itself, and no second one while that is out. */
const unknownCost = 1e12;

/**
 * Power of two choices over a latency average that jumps up at once and comes down slowly: of two instances drawn at
 * random, the one with the smaller `ewma × (pending + 1)`.
 *
 * Sources: Finagle's `PeakEwma` (twitter/finagle, finagle-core/…/loadbalancer/PeakEwma.scala) for the peak-sensitive
 * average and the treatment of unknown instances; M. Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing" (1996) for drawing two, which keeps callers with equal views from all choosing the same instance.
 */
export class PeakEwma implements Balancer {
  readonly #random: Random;
  // Keyed by the object: a restarted instance comes as a new candidate and starts without its past.
  readonly #latencies = new WeakMap<Candidate, Latency>();

  constructor(random: Random) {
    this.#random = random;
  }

  pick(candidates: readonly Candidate[], context: PickContext): Candidate {
    const count = candidates.length;
    if (count === 1) return candidates[0]!;
    const first = Math.floor(this.#random() * count);
    let second = Math.floor(this.#random() * (count - 1));
    if (second >= first) second++;
    const a = candidates[first]!;
    const b = candidates[second]!;
    return this.#load(b, context.now) < this.#load(a, context.now) ? b : a;
  }

  observe(candidate: Candidate, durationMs: number, ok: boolean, now: number): void {
    const seen = ok ? durationMs : Math.max(durationMs, failureMs);
    const latency = this.#latencies.get(candidate);
    if (latency === undefined) {
      this.#latencies.set(candidate, { costMs: seen, at: now });
      return;
    }
    const weight = Math.exp(-Math.max(0, now - latency.at) / decayMs);
    latency.costMs = seen > latency.costMs * weight ? seen : latency.costMs * weight + seen * (1 - weight);
    latency.at = now;
  }

  #load(candidate: Candidate, now: number): number {
    const latency = this.#latencies.get(candidate);
    if (latency === undefined) return candidate.pending === 0 ? 0 : unknownCost + candidate.pending;
    const decayed = latency.costMs * Math.exp(-Math.max(0, now - latency.at) / decayMs);
    return Math.max(decayed, floorMs) * (candidate.pending + 1);
  }
}
