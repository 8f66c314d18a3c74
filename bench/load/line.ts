/** What carries a generator's load: connections to a target, or the links to a broker. */
export interface Line {
  start(): void;
  /** What is under way fails. */
  stop(): void;
  /** Sent or waiting, and not over. */
  readonly pending: number;
  readonly connections: number;
  /** Grows with whatever happens: tells a spinning caller whether anything has. */
  readonly activity: number;
}
