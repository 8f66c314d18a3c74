import type { ErrorCode } from "../../sdk/errors.ts";
import type { Random } from "../clock.ts";

/** What is known about an attempt that failed, and about the call it belongs to. */
export interface FailedAttempt {
  readonly code: ErrorCode;
  /** False when it is certain that nothing of the request left this process, e.g. the connect failed. */
  readonly sent: boolean;
  readonly idempotent: boolean;
  /** False for a streamed body: what was sent of it is gone. */
  readonly bodyReusable: boolean;
  /** Attempts sent so far, this one included. */
  readonly attempts: number;
  /** Failures so far, this one included, those never sent too: what the backoff grows by. */
  readonly failures: number;
  /** Further attempts that the edge's policy allows. */
  readonly retries: number;
  /** Whether a ready instance is left that this call has not tried. */
  readonly othersLeft: boolean;
}

export const giveUp = -1;

const firstBackoffMs = 10;
const longestBackoffMs = 250;

/** Outcomes with which a callee says that it did not begin. A handler's own failure never carries one of these. */
export const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["overloaded", "no-ready-instance"]);

/**
 * Milliseconds to wait before the next attempt, 0 for at once, `giveUp` for none.
 *
 * - Never sent, or refused by a draining instance: nothing happened, so any call goes on. This is the registry's view
 *   lagging behind and not an attempt, so the policy's `retries` do not bound it; the deadline does.
 * - Refused as overloaded: another instance may have room. Asking the same one again would only add to its load.
 * - Broken while under way: the callee may have done it, so only an idempotent call goes on.
 */
export function retryDelay(failed: FailedAttempt, random: Random): number {
  if (failed.sent && !failed.bodyReusable) return giveUp;
  const next = () => (failed.othersLeft ? 0 : backoffMs(failed.failures, random));
  switch (failed.code) {
    case "no-ready-instance":
      return next();
    case "overloaded":
      return failed.othersLeft && failed.attempts <= failed.retries ? 0 : giveUp;
    case "link-closed":
      if (!failed.sent) return next();
      return failed.idempotent && failed.attempts <= failed.retries ? next() : giveUp;
    default:
      return giveUp;
  }
}

/** Doubles from 10 ms to 250 ms; jittered by half, so that calls that failed together do not come back together. */
export function backoffMs(failures: number, random: Random): number {
  const full = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.max(0, failures - 1));
  return full * (0.5 + random() / 2);
}

/** RFC 9110 §9.2.2, and any request that names itself with an `idempotency-key`. `headers` is flat, names in lower case. */
export function isIdempotent(method: string, headers: readonly string[]): boolean {
  switch (method) {
    case "GET":
    case "HEAD":
    case "OPTIONS":
    case "TRACE":
    case "PUT":
    case "DELETE":
      return true;
    default:
      for (let index = 0; index < headers.length; index += 2) {
        if (headers[index] === "idempotency-key") return true;
      }
      return false;
  }
}
