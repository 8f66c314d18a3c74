import { MicrocosmError } from "../../sdk/errors.ts";
import type { InstanceRecord, InstanceState } from "./registry.ts";

/**
 * The life of one generation of an instance. `stopped` is final for a generation: what comes after is a new process,
 * so it carries a higher generation and begins at `starting`.
 *
 * ```
 *  starting ──▶ ready ──▶ draining ──▶ stopped ──▶ (next generation) starting
 *     │         ▲  │         ▲           ▲
 *     │         │  ▼         │           │
 *     ├──▶ unhealthy ────────┘           │
 *     └──────────┴───────────────────────┘   a process may die in any state
 * ```
 */
export const nextStates: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  starting: ["ready", "unhealthy", "draining", "stopped"],
  ready: ["unhealthy", "draining", "stopped"],
  unhealthy: ["ready", "draining", "stopped"],
  draining: ["stopped"],
  stopped: [],
};

/** How an instance nobody knew enters: being started here, or already serving (found by a remote registry). */
export const firstStates: readonly InstanceState[] = ["starting", "ready"];

/**
 * Throws `internal` when `next` may not follow `previous`. An update within a state (a new weight, a pid) is legal.
 */
export function checkStep(previous: InstanceRecord | undefined, next: InstanceRecord): void {
  if (previous === undefined) {
    if (!firstStates.includes(next.state)) throw illegal(next, `cannot enter as ${next.state}`);
    return;
  }
  if (previous.service !== next.service) {
    throw illegal(next, `belongs to ${previous.service}, not to ${next.service}`);
  }
  if (next.generation < previous.generation) {
    throw illegal(next, `is already at generation ${previous.generation}`);
  }
  if (next.generation > previous.generation) {
    if (previous.state !== "stopped" || next.state !== "starting") {
      throw illegal(next, `starts a generation as ${next.state} while the last one is ${previous.state}`);
    }
    return;
  }
  if (previous.state !== next.state && !nextStates[previous.state].includes(next.state)) {
    throw illegal(next, `cannot go from ${previous.state} to ${next.state}`);
  }
}

function illegal(record: InstanceRecord, what: string): MicrocosmError {
  return new MicrocosmError("internal", `instance ${record.id} (generation ${record.generation}) ${what}`);
}
