import { childTraceparent, isTraceparent } from "../../runtime/calls/trace.ts";
import type { Random } from "../../runtime/clock.ts";

/**
 * Goes on with the client's trace in a span of the gateway's own. A malformed `traceparent` counts as none: "" lets
 * the gateway begin a trace (https://www.w3.org/TR/trace-context/ §4.3).
 */
export function continueTrace(traceparent: string, random: Random): string {
  return isTraceparent(traceparent) ? childTraceparent(traceparent, random) : "";
}
