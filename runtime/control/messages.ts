import type { InstanceState, RegistryDelta, RegistrySnapshot } from "../registry/registry.ts";

/**
 * What goes over the control link between a worker and the supervisor. The worker connects; the link's hello names
 * it. Notifications unless marked as calls.
 */
export type WorkerMessage =
  /** The worker listens and serves. `phases`: milliseconds since the process began, by name: loaded, migrated, listening. */
  | {
      readonly type: "ready";
      readonly address: string;
      readonly bootMs: number;
      readonly phases: Readonly<Record<string, number>>;
      readonly port?: number;
    }
  /** It cannot start, and why; the process ends after this. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  /**
   * Every `heartbeatMs`. `loopDelayMs`: how late the beat's timer fired. With `restMs` the next one comes after that
   * time only, or as soon as there is work.
   */
  | {
      readonly type: "beat";
      readonly restMs?: number;
      readonly loopDelayMs: number;
      readonly rssBytes: number;
      readonly pending: number;
      readonly calls: number;
      readonly errors: number;
    }
  /** Passive health: calls to an instance failed at the link. */
  | { readonly type: "suspect"; readonly instance: string; readonly reason: string }
  /** The view missed a delta. */
  | { readonly type: "resync" }
  /** Draining is over; the process ends after this. */
  | { readonly type: "drained"; readonly unfinished: number };

export type SupervisorMessage =
  | { readonly type: "snapshot"; readonly snapshot: RegistrySnapshot }
  | { readonly type: "delta"; readonly delta: RegistryDelta }
  /** Finish what is under way within the bound, then say `drained` and end. */
  | { readonly type: "drain"; readonly timeoutMs: number }
  /** There is doubt whether it lives: beat at once, and do not rest for a while. */
  | { readonly type: "rouse" }
  /** A call: the worker runs its health check and replies `{ok, reason?}`. */
  | { readonly type: "probe" };

export interface ProbeReply {
  readonly ok: boolean;
  readonly reason?: string;
}

export type { InstanceState };
