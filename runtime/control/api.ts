import type { InstanceState } from "../registry/registry.ts";

/**
 * The control API: HTTP on loopback, `Authorization: Bearer <token>` or the session of the dashboard, errors as
 * problem+json. The CLI and the dashboard are its only clients; a web page elsewhere is refused by its Host and Origin.
 *
 * | request | answer |
 * | --- | --- |
 * | GET  /api/run | RunInfo |
 * | GET  /api/topology | Topology (the checked one) |
 * | GET  /api/instances | InstanceInfo[] |
 * | POST /api/services/:name/scale {instances} | InstanceInfo[] of it, when the new ones are ready and the others gone |
 * | POST /api/services/:name/restart, /stop, /start | InstanceInfo[] of it |
 * | POST /api/instances/:id/restart, /stop, /start, /kill | InstanceInfo |
 * | POST /api/instances/:id/freeze, /thaw | InstanceInfo; SIGSTOP and SIGCONT, `bad-request` in monolith mode |
 * | GET  /api/logs?service=&instance=&level=&from=&to=&lines=&follow=1 | LogLine as NDJSON |
 * | POST /api/call CallInput | CallOutput |
 * | GET  /api/bus/topics | TopicInfo[] |
 * | GET  /api/bus/topics/:topic/events?offset=&time=&limit=&follow=1 | Event as NDJSON |
 * | POST /api/bus/topics/:topic/events {data,key?,subject?} | PublishedByHand |
 * | POST /api/bus/topics/:topic/replay {subscription, offset?, time?} | {} |
 * | GET  /api/bus/topics/:topic/dead?limit=&subscription= | DeadLetter[] |
 * | POST /api/bus/topics/:topic/dead/replay {ids?, subscription?} | {count} |
 * | POST /api/bus/topics/:topic/dead/purge {ids?, subscription?} | {count} |
 * | GET  /api/telemetry/… | see runtime/telemetry/query.ts |
 * | GET  /api/data | DataService[] (data/model.ts) |
 * | GET  /api/data/:service/:table?limit=&after=&order= | DataPage; `order` is a column, `-column`, or `-` |
 * | GET  /api/openapi.json | the gateway's routes as OpenAPI 3.1 |
 * | POST /api/request {method,path,headers?,body?} | GatewayAnswer (routes/request.ts): a request to the gateway in a sampled trace |
 * | GET  /api/export | the run as a recording, a file; one at a time |
 * | …    /api/runs/… | runs side by side, see runs/model.ts |
 * | GET  /metrics, POST /v1/traces, /v1/logs, /v1/metrics | Prometheus text; OTLP/HTTP in |
 * | POST /api/down | 202, then the run drains and ends |
 */
export interface RunInfo {
  readonly name: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly mode: "processes" | "monolith";
  readonly gateway: string;
  readonly control: string;
  readonly dataDirectory: string;
  readonly topologyFile: string;
  /** This is no run but the recording of one: `gateway` and `dataDirectory` are empty, and nothing can be done. */
  readonly recording?: RecordingInfo;
}

export interface RecordingInfo {
  readonly file: string;
  /** Where what was recorded ends. */
  readonly to: number;
  /** Absent where the run went on after the export, or crashed. */
  readonly endedAt?: number;
  readonly exportedAt: number;
  readonly versions: { readonly microcosm: string; readonly bun: string };
  /** `linux x64, 2 × AMD EPYC 7B13, 8 GiB`. */
  readonly machine: string;
}

export interface InstanceInfo {
  readonly id: string;
  readonly service: string;
  readonly role: "service" | "gateway" | "broker" | "observer";
  readonly version: string;
  readonly generation: number;
  /**
   * The registry's state, or more exactly why it is stopped. `backoff`: died, restarts in a moment; `crash-loop`:
   * died too often, waits for `start`.
   */
  readonly state: InstanceState | "backoff" | "crash-loop";
  readonly pid?: number;
  readonly address: string;
  /** Process start to ready. */
  readonly bootMs?: number;
  readonly uptimeMs?: number;
  readonly restarts: number;
  /** How the last generation ended: `exit 1`, `SIGKILL`, `hung: 5 beats missed`, `migration-failed: …`. */
  readonly lastExit?: string;
  readonly rssBytes?: number;
  readonly calls?: number;
  readonly errors?: number;
}

/** Told at once by GET /api/logs. */
export const maxLogLines = 100_000;

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: string;
  readonly instance: string;
  readonly level: "debug" | "info" | "notice" | "warn" | "error";
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface CallInput {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Call as this user, the way the gateway would have it. */
  readonly user?: { readonly id: string; readonly roles: readonly string[] };
}

export interface PublishedByHand {
  readonly id: string;
  readonly offset: number;
  /** Of the trace that the event began; absent where telemetry is off. */
  readonly traceId?: string;
}

export interface CallOutput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly instance: string;
  readonly durationMs: number;
}

/** `<data>/run/control.json`, mode 0600: how the CLI finds and authenticates to a run. */
export interface ControlFile {
  readonly pid: number;
  /** Kernel start time of the pid, so that a recycled pid is not mistaken for us. */
  readonly pidStart: string;
  readonly url: string;
  readonly token: string;
}
