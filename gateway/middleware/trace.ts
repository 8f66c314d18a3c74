import { childTraceparent, isTraceparent, newTraceparent } from "../../runtime/calls/trace.ts";
import type { Random } from "../../runtime/clock.ts";
import type { Exchange } from "../exchange.ts";

/** Gives each request its place in a trace, and hears how it went. */
export interface Traces {
  /**
   * Sets `x.traceparent`: the client's trace, `x.clientTrace`, in a span of the gateway's own. A malformed one counts as
   * none, and the gateway begins a trace (https://www.w3.org/TR/trace-context/ §4.3).
   */
  begin(x: Exchange): void;
  /** Once a request. */
  ended(x: Exchange, status: number, durationMs: number): void;
}

/** Where telemetry is off: traces are passed on and nothing is recorded. */
export class PassedTraces implements Traces {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  begin(x: Exchange): void {
    const { clientTrace } = x;
    x.traceparent = isTraceparent(clientTrace)
      ? childTraceparent(clientTrace, this.#random)
      : newTraceparent(this.#random);
  }

  ended(): void {}
}
