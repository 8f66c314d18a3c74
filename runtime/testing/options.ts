import type { AnyHono, User } from "../../sdk/service.ts";
import type { Clock } from "../clock.ts";

/** Another service as the one under test sees it: its Hono app (or a small one made for the test), or a function. */
export type Neighbour = AnyHono | ((request: Request) => Response | Promise<Response>);

export interface TestServiceOptions {
  /** Default "service". */
  readonly name?: string;
  /** By service name. A call to one that is not here fails with `edge-not-declared`, as it would in a topology. */
  readonly neighbours?: Readonly<Record<string, Neighbour>>;
  /** What `ctx.env` holds; nothing of the process's own environment gets in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Who makes the requests, unless a request says otherwise. Default: nobody. */
  readonly user?: User;
  /** Moves `ctx.every` and the deadlines. Default: the system's. */
  readonly clock?: Clock;
  /** Topics the bus knows. Default: every topic. Give them to see `unknown-topic`. */
  readonly topics?: readonly string[];
  /** Shows `ctx.log` on stderr. Default false; `service.logs` has the lines in any case. */
  readonly verbose?: boolean;
}

export interface TestRequestInit extends RequestInit {
  /** Who makes this request; null for nobody. */
  readonly user?: User | null;
  /** Sent as JSON with its content type; instead of `body`. */
  readonly json?: unknown;
  /** How long the call may take in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

export interface DeliverOptions {
  /** Default: a new one. Deliver the same id twice to see that it takes effect once. */
  readonly id?: string;
  readonly key?: string;
  readonly subject?: string;
  /** Default "/test". */
  readonly source?: string;
  /** Default: a number higher for a redelivered id. */
  readonly delivery?: number;
}

/** An event that left the service, by `ctx.publish` or by a committed `tx.publish`. */
export interface PublishedEvent<Data = unknown> {
  readonly id: string;
  readonly topic: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly key?: string;
  readonly traceparent?: string;
  readonly data: Data;
}
