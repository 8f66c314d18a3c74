import type {
  EdgeConfig,
  GatewayConfig,
  ServiceConfig,
  SupervisorConfig,
  TelemetryConfig,
  TopicsConfig,
} from "../topology/model.ts";

export type Role = "service" | "gateway" | "broker" | "observer";

/** All a worker needs to begin; handed over in the environment variable MICROCOSM_WORKER as JSON. */
export interface WorkerSpec {
  readonly role: Role;
  /** Service name; for built-in workers the role's name. */
  readonly service: string;
  readonly version: string;
  readonly instance: string;
  readonly generation: number;
  readonly weight: number;
  /** Of the supervisor; `pipes:0,3` when the process was started with pipes to it. */
  readonly controlAddress: string;
  /** Where this worker listens for data links. */
  readonly address: string;
  readonly dataDirectory: string;
  readonly uses: readonly EdgeConfig[];
  /** All service names of the topology, to tell `unknown-service` from `edge-not-declared`. */
  readonly services: readonly string[];
  /** Balancers by callee. */
  readonly balancers: Readonly<Record<string, Pick<ServiceConfig, "balancer" | "hashHeader">>>;
  readonly supervisor: SupervisorConfig;
  /** Absent, or with `enabled: false`: nothing is recorded. */
  readonly telemetry?: TelemetryConfig;
  readonly config?: ServiceConfig;
  readonly gateway?: GatewayConfig;
  readonly topics?: TopicsConfig;
}
