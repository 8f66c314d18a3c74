import { MicrocosmError } from "../../sdk/errors.ts";
import type { InstanceInfo } from "../control/api.ts";
import type { InstanceState } from "../registry/registry.ts";

/** Where a supervised instance is. Finer than the registry's states, which callers see. */
export type Phase =
  /** Not running, and nobody wants it to. */
  | "stopped"
  /** The process exists; it has not said hello yet. */
  | "launching"
  /** Said hello; loads, migrates, begins to listen. */
  | "starting"
  | "ready"
  /** Runs, but fails its probes or lost its control link: gets no new calls. */
  | "unhealthy"
  /** Finishes what is under way, then ends. */
  | "draining"
  /** Died; waits for its restart. */
  | "backoff"
  /** Died too often; waits for someone to start it. */
  | "crash-loop";

export type PhaseEvent =
  | "launch"
  | "linked"
  | "ready"
  | "ill"
  | "well"
  | "drain"
  /** The process ended on its own account: it is restarted after a while. */
  | "died"
  /** It ended on its own account once too often. */
  | "gave-up"
  /** It is gone, as wanted. */
  | "ended";

/** The whole life of an instance. What is not in the table cannot happen. */
const transitions: Readonly<Record<Phase, Partial<Record<PhaseEvent, Phase>>>> = {
  stopped: { launch: "launching" },
  launching: {
    linked: "starting",
    drain: "draining",
    died: "backoff",
    "gave-up": "crash-loop",
    ended: "stopped",
  },
  starting: { ready: "ready", drain: "draining", died: "backoff", "gave-up": "crash-loop", ended: "stopped" },
  ready: { ill: "unhealthy", drain: "draining", died: "backoff", "gave-up": "crash-loop", ended: "stopped" },
  unhealthy: { well: "ready", drain: "draining", died: "backoff", "gave-up": "crash-loop", ended: "stopped" },
  draining: { ended: "stopped" },
  backoff: { launch: "launching", ended: "stopped" },
  "crash-loop": { launch: "launching", ended: "stopped" },
};

export function canStep(phase: Phase, event: PhaseEvent): boolean {
  return transitions[phase][event] !== undefined;
}

/** The phase after `event`. Throws `internal` on a step the table does not have. */
export function step(phase: Phase, event: PhaseEvent): Phase {
  const next = transitions[phase][event];
  if (next === undefined) throw new MicrocosmError("internal", `an instance cannot ${event} while ${phase}`);
  return next;
}

/** Whether a process belongs to the phase. */
export function hasProcess(phase: Phase): boolean {
  return phase !== "stopped" && phase !== "backoff" && phase !== "crash-loop";
}

/** Phases in which nothing more is to be waited for: it serves, or it is down until someone acts. */
export function isSettled(phase: Phase): boolean {
  return phase === "ready" || phase === "unhealthy" || phase === "stopped" || phase === "crash-loop";
}

const registryStates: Readonly<Record<Phase, InstanceState>> = {
  stopped: "stopped",
  launching: "starting",
  starting: "starting",
  ready: "ready",
  unhealthy: "unhealthy",
  draining: "draining",
  backoff: "stopped",
  "crash-loop": "stopped",
};

export function registryState(phase: Phase): InstanceState {
  return registryStates[phase];
}

export function shownState(phase: Phase): InstanceInfo["state"] {
  return phase === "backoff" || phase === "crash-loop" ? phase : registryStates[phase];
}
