import type { Clock } from "../runtime/clock.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { Problem } from "../sdk/problem.ts";
import type { Logger } from "../sdk/service.ts";
import type { Exchange } from "./exchange.ts";

interface Kind {
  /** Milliseconds since the epoch. */
  loggedAt: number;
  unlogged: number;
}

/**
 * Says why requests failed. A service that is down fails as many calls a second as clients make, so each kind of failure
 * is logged once an interval, with the number of those in between. Defects of the gateway itself are all logged.
 */
export class FailureLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** By service and code: as many as there are of those. */
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Logger, clock: Clock, intervalMs: number) {
    this.#log = log;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  add(x: Exchange, error: unknown, service: string): void {
    // A refusal is the client's to know, and a client that left wants nothing.
    if (error instanceof Problem) return;
    const code = error instanceof MicrocosmError ? error.code : "internal";
    if (code === "cancelled") return;
    const fields = { requestId: x.requestId, method: x.method, path: x.path, service, code };
    if (code === "internal") {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log.error(`request failed: ${what}`, fields);
      return;
    }
    const since = this.#due(`${service} ${code}`);
    if (since === undefined) return;
    const more = since > 0 ? ` (and ${since} more like it before)` : "";
    this.#log.warn(`call failed: ${(error as MicrocosmError).message}${more}`, fields);
  }

  /** How many went unlogged since the last; undefined when it is too early to log another. */
  #due(name: string): number | undefined {
    const now = this.#clock.now();
    const kind = this.#kinds.get(name);
    if (kind !== undefined && now - kind.loggedAt < this.#intervalMs) {
      kind.unlogged++;
      return undefined;
    }
    this.#kinds.set(name, { loggedAt: now, unlogged: 0 });
    return kind?.unlogged ?? 0;
  }
}
