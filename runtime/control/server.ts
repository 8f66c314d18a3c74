import type { Hono } from "hono";
import type { Broker } from "../bus/broker.ts";
import type { Mesh } from "../calls/mesh.ts";
import { processStart } from "../supervisor/process-identity.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import type { RunInfo } from "./api.ts";
import type { PageFiles } from "./routes/pages.ts";
import type { TelemetryAccess } from "./routes/telemetry.ts";
import { removeControlFile, writeControlFile } from "./control-file.ts";
import { LoopbackServer, newToken } from "./loopback.ts";
import type { RunExporter } from "./routes/export.ts";
import { RunIndex } from "./run-index.ts";
import type { Action } from "./timeline.ts";

export interface ControlServerOptions {
  /** Must be open when the server starts. */
  readonly supervisor: Supervisor;
  readonly mesh: Mesh;
  readonly broker: Broker;
  /** Absent where telemetry is off. */
  readonly telemetry?: TelemetryAccess | undefined;
  /** Takes the spans of what is done by hand; absent where telemetry is off. */
  readonly recorder?: Recorder | undefined;
  /** The dashboard's files, asked for once; absent where there is none. */
  readonly pages?: (() => Promise<PageFiles>) | undefined;
  /** What was done to the run here and is no matter of its supervisor, for the timeline. */
  readonly acted?: ((action: Action) => void) | undefined;
  /** Makes a recording of this run; absent where that is not possible. */
  readonly exporter?: RunExporter | undefined;
  /** Of 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** Someone asked for the end of the run. Called after the answer is on its way. */
  readonly down: () => void;
  /** Where commands look for runs. */
  readonly index?: RunIndex;
}

/** Serves the control API on loopback and tells commands of this user where it is. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #index: RunIndex;
  readonly #ending = new AbortController();
  readonly #token = newToken();
  readonly #server: LoopbackServer;
  #app: Promise<Hono> | undefined;
  #started = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#index = options.index ?? new RunIndex();
    this.#server = new LoopbackServer({
      port: options.port,
      fetch: async (request, server) => (await this.#load()).fetch(request, server),
    });
  }

  /** `http://127.0.0.1:9900`. */
  get url(): string {
    return this.#server.url;
  }

  /** What opens the dashboard in a browser. It has the token: for the person who started the run. */
  get link(): string {
    return `${this.url}/?token=${this.#token}`;
  }

  /** Throws `port-in-use`. */
  async start(): Promise<void> {
    this.#server.start();
    this.#started = true;
    this.#announce();
  }

  /** With the first request: nobody asks before the workers are started, and they need not wait for its modules. */
  #load(): Promise<Hono> {
    const { port: _port, index: _index, ...parts } = this.#options;
    this.#app ??= import("./app.ts").then(({ createControlApp }) =>
      createControlApp({
        ...parts,
        token: this.#token,
        port: () => this.#server.port,
        info: () => this.#info(),
        ending: this.#ending.signal,
      }),
    );
    return this.#app;
  }

  /** Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (!this.#started) return;
    const { supervisor } = this.#options;
    this.#index.remove(supervisor.dataDirectory);
    removeControlFile(supervisor.runDirectory);
    this.#ending.abort();
    await this.#server.stop();
  }

  #announce(): void {
    const { supervisor } = this.#options;
    const pidStart = processStart(process.pid) ?? "";
    writeControlFile(supervisor.runDirectory, {
      pid: process.pid,
      pidStart,
      url: this.url,
      token: this.#token,
    });
    try {
      this.#index.add({
        name: supervisor.topology.name,
        dataDirectory: supervisor.dataDirectory,
        pid: process.pid,
        pidStart,
      });
    } catch (error) {
      // Commands still find the run by its data directory.
      supervisor.log(
        "warn",
        `the run is not listed for commands: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #info(): RunInfo {
    const { supervisor } = this.#options;
    return {
      name: supervisor.topology.name,
      pid: process.pid,
      startedAt: supervisor.startedAt,
      mode: supervisor.mode,
      gateway: supervisor.gatewayUrl,
      control: this.url,
      dataDirectory: supervisor.dataDirectory,
      topologyFile: supervisor.topology.file,
    };
  }
}
