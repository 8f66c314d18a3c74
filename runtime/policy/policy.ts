import type { ErrorCode, MicrocosmError } from "../../sdk/errors.ts";

/** How an attempt ended. */
export interface AttemptOutcome {
  /** Set when it ended without an HTTP answer. */
  readonly code?: ErrorCode;
  /** HTTP status of the answer. */
  readonly status?: number;
  readonly durationMs: number;
}

/**
 * A policy that remembers: circuit breaker, bulkhead, retry budget. One object serves one edge of one caller. Pure:
 * time comes in, nothing is scheduled, so the same object runs in the model. Decisions that remember nothing are plain
 * functions instead: timeout.ts, retry.ts.
 */
export interface Policy {
  /** Its word in topology.yaml. */
  readonly name: string;
  /** Asked before an attempt is sent. An error refuses it and ends the call. */
  admit?(now: number): MicrocosmError | undefined;
  /** Told exactly once for each admitted attempt. */
  ended?(outcome: AttemptOutcome, now: number): void;
  /** Asked before an attempt that follows a failed one. False ends the call with the failure at hand. */
  allowsRetry?(now: number): boolean;
}

/** What the policies an attempt was admitted by hear when a later one refused it. */
const withdrawn: AttemptOutcome = { code: "cancelled", durationMs: 0 };

/** Asks all in order. When one refuses, those before it are told that the attempt is over. */
export function admitAll(policies: readonly Policy[], now: number): MicrocosmError | undefined {
  for (const [index, policy] of policies.entries()) {
    const refusal = policy.admit?.(now);
    if (refusal === undefined) continue;
    for (const admitted of policies.slice(0, index)) admitted.ended?.(withdrawn, now);
    return refusal;
  }
  return undefined;
}
