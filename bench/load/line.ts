import type { Deliveries } from "../bus-load/drain.ts";

/** What carries a generator's load: connections to a target, or the links to a broker. */
export interface Line {
  start(): void;
  /** What is under way fails. */
  stop(): void;
  /** Sent or waiting, and not over. */
  readonly pending: number;
  readonly connections: number;
  /**
   * Of a line whose answers may come to another process: the run says when they are over. Undefined as long as something
   * that was sent has no answer.
   */
  readonly deliveries?: Deliveries | undefined;
  /** Nothing more is to be waited for. */
  drained?(): void;
  /** Grows with whatever happens: tells a spinning caller whether anything has. */
  readonly activity: number;
}
