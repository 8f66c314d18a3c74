/** A deadline that never comes. On the wire and in contexts from outside, 0 says the same. */
export const noDeadline = Number.POSITIVE_INFINITY;

/**
 * When a call must have its answer, absolute ms: what is left of the caller's own time, or the edge's timeout, whichever
 * ends first. A callee can so never be given more time than the one who waits for it has.
 */
export function effectiveDeadline(inherited: number, now: number, timeoutMs: number): number {
  const own = now + timeoutMs;
  return inherited > 0 && inherited < own ? inherited : own;
}

/** At the deadline itself there is no time left to do anything. */
export function isExpired(deadline: number, now: number): boolean {
  return deadline <= now;
}
