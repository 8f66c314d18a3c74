import type { AsyncLocalStorage } from "node:async_hooks";
import type { Logger, RequestInfo } from "../../sdk/service.ts";
import type { Broker } from "../bus/broker.ts";
import type { Mesh } from "../calls/mesh.ts";
import type { Clock, Random } from "../clock.ts";
import type { ProbeReply } from "../control/messages.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import type { Peer, Transport } from "../transport/transport.ts";
import type { WorkerSpec } from "./spec.ts";

/** What a worker offers the role it hosts. */
export interface WorkerRuntime {
  readonly spec: WorkerSpec;
  readonly self: Peer;
  readonly transport: Transport;
  readonly mesh: Mesh;
  /** Connects on first use. */
  readonly broker: Broker;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Where spans, metrics and logs go; undefined where telemetry is off. */
  readonly recorder?: Recorder | undefined;
  /** The request or event at work; what is logged meanwhile carries its trace. Default one of the role's own. */
  readonly scope?: AsyncLocalStorage<RequestInfo> | undefined;
  /** All of it, at once; undefined where others share the process and would wait for it. */
  readonly collectGarbage?: (() => void) | undefined;
  /** Who else wants a core has it first from now on; undefined where others share the process. */
  readonly giveWay?: (() => Promise<void>) | undefined;
  /** Whether a service has a ready instance right now, by this worker's registry view. */
  isReady(service: string): boolean;
  /** Calls `listener` with the services concerned after each change of the registry; the returned function ends that. */
  onRegistryChange(listener: (services: ReadonlySet<string>) => void): () => void;
  /** Call it before work begins that somebody waits for: the supervisor must know of it should it hang. */
  stir(): void;
}

/** Counters since the start, for the heartbeat. */
export interface RoleLoad {
  readonly pending: number;
  readonly calls: number;
  readonly errors: number;
}

/**
 * What runs inside a worker: a service, the gateway, the broker. One object is one run of it.
 * `start` resolves when it serves; a rejection with a MicrocosmError is reported to the supervisor and ends the worker.
 */
export interface Role {
  /**
   * Asked once it is started: whether it may beat rarely while it has no work, and is asked for its health only when it
   * has some. It then calls `stir` before any work.
   */
  readonly mayRest?: boolean;
  start(runtime: WorkerRuntime, phase: (name: string) => void): Promise<{ readonly port?: number }>;
  /** Takes nothing new; resolves with the number of calls left unfinished when all ended or `timeoutMs` passed. */
  drain(timeoutMs: number): Promise<number>;
  /** Closes all it opened. Idempotent; also called after a failed start. */
  stop(): Promise<void>;
  health(): Promise<ProbeReply>;
  load(): RoleLoad;
}
