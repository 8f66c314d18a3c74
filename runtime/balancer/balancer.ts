/** A ready instance as a balancer sees it. The caller keeps one of these per instance and updates it in place. */
export interface Candidate {
  readonly id: string;
  readonly weight: number;
  /** Calls this caller has under way to it. */
  pending: number;
}

/** What a balancer may look at. */
export interface PickContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** For consistent-hash: equal keys go to the same instance. */
  readonly key?: string | undefined;
}

/**
 * Picks one ready instance for a call. Pure: time comes in with the context, randomness at construction. One balancer
 * serves one edge of one caller. `pick` allocates nothing.
 */
export interface Balancer {
  /** `candidates` is not empty and holds only ready instances not tried yet by this call. */
  pick(candidates: readonly Candidate[], context: PickContext): Candidate;
  /** A call to `candidate` ended after `durationMs`; `ok` is false when the link or the instance failed. */
  observe?(candidate: Candidate, durationMs: number, ok: boolean, now: number): void;
  /** The set of instances changed. */
  changed?(candidates: readonly Candidate[]): void;
}
