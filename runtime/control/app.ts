import { Hono } from "hono";
import type { Broker } from "../bus/broker.ts";
import type { Mesh } from "../calls/mesh.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import type { RunInfo } from "./api.ts";
import { DataFiles } from "./data/files.ts";
import { bearerOnly, bearerOrSession, sameOriginOnly } from "./guard.ts";
import { notFound, problemHandler } from "./problems.ts";
import { busRoutes } from "./routes/bus.ts";
import { callRoutes } from "./routes/calls.ts";
import { comparisonRoutes } from "./routes/comparison.ts";
import { dataRoutes } from "./routes/data.ts";
import { exportRoutes, type RunExporter } from "./routes/export.ts";
import { instanceRoutes } from "./routes/instances.ts";
import { logRoutes } from "./routes/logs.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { exchangeRoutes } from "./routes/otlp.ts";
import { type PageFiles, pageRoutes } from "./routes/pages.ts";
import { requestRoutes } from "./routes/request.ts";
import { runRoutes } from "./routes/run.ts";
import { type TelemetryAccess, telemetryRoutes } from "./routes/telemetry.ts";
import { RunLibrary } from "./runs/library.ts";
import { liveRun } from "./runs/live-run.ts";
import { Session } from "./session.ts";
import type { Action } from "./timeline.ts";

export interface ControlAppOptions {
  readonly supervisor: Supervisor;
  readonly mesh: Mesh;
  readonly broker: Broker;
  /** Absent where telemetry is off. */
  readonly telemetry?: TelemetryAccess | undefined;
  /** Takes the spans of what is done by hand; absent where telemetry is off. */
  readonly recorder?: Recorder | undefined;
  readonly token: string;
  /** The dashboard; absent where there is none. */
  readonly pages?: (() => Promise<PageFiles>) | undefined;
  /** Makes a recording of this run; absent where that is not possible. */
  readonly exporter?: RunExporter | undefined;
  /** The port it is reached at, once known. */
  readonly port: () => number;
  readonly info: () => RunInfo;
  /** What was done to the run here and is no matter of its supervisor, for the timeline. */
  readonly acted?: ((action: Action) => void) | undefined;
  readonly down: () => void;
  /** Aborted when the server stops: answers without an end get one. */
  readonly ending: AbortSignal;
}

/** The control API as the table in api.ts has it, and the dashboard beside it. */
export function createControlApp(options: ControlAppOptions): Hono {
  const { supervisor, mesh, broker, ending, info, down } = options;
  const { topology } = supervisor;
  const gateway = () => supervisor.gatewayUrl;
  const version = () => supervisor.instances().find(({ role }) => role === "gateway")?.version ?? "0.0.0";
  const files = new DataFiles({
    directory: supervisor.dataDirectory,
    services: Object.keys(topology.services),
  });
  const library = new RunLibrary({
    first:
      options.telemetry === undefined
        ? undefined
        : liveRun(options.telemetry.observer, info, topology, version()),
    ending,
  });
  const session = new Session(options.token, options.port);
  const api = new Hono()
    .use(bearerOrSession(options.token, session))
    .route("/", runRoutes({ info, topology, down }))
    .route("/", instanceRoutes(supervisor))
    .route("/", logRoutes(supervisor.logs, ending))
    .route("/", callRoutes({ mesh }))
    .route("/bus", busRoutes({ broker, ending, acted: options.acted, recorder: options.recorder }))
    .route("/", dataRoutes(files))
    .route("/", openApiRoutes({ topology, gateway, version }))
    .route("/", requestRoutes({ gateway }))
    .route("/", exportRoutes(options.exporter, info))
    .route("/", comparisonRoutes(library))
    .route("/telemetry", telemetryRoutes(options.telemetry, ending));
  const exchange = new Hono();
  if (options.telemetry !== undefined) {
    for (const path of ["/v1/*", "/metrics"]) exchange.use(path, bearerOnly(options.token));
    exchange.route("/", exchangeRoutes(options.telemetry.observer));
  }
  const app = new Hono().use(sameOriginOnly(options.port)).route("/api", api).route("/", exchange);
  if (options.pages !== undefined) {
    app.route("/", pageRoutes({ files: options.pages, token: options.token, session }));
  }
  return app.notFound(notFound).onError(problemHandler((message) => supervisor.log("error", message)));
}
