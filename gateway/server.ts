import type { Server } from "bun";
import type { Clock } from "../runtime/clock.ts";
import type { GatewayConfig } from "../runtime/topology/model.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { GatewayApp } from "./app.ts";
import { idleSeconds } from "./responder.ts";

/** Largest head Bun takes unless told otherwise. */
const bunHeadBytes = 16 * 1024;

export interface GatewayServerOptions {
  readonly config: Pick<GatewayConfig, "host" | "port" | "instances" | "limits">;
  readonly app: GatewayApp;
  readonly clock: Clock;
  readonly drainPollMs: number;
  readonly liftHeadLimitAfterMs: number;
}

/** The listening socket of one gateway. */
export class GatewayServer {
  readonly #options: GatewayServerOptions;
  #server: Server<undefined> | undefined;
  #lifting = () => {};

  constructor(options: GatewayServerOptions) {
    this.#options = options;
  }

  /** Listens. Returns the port; throws `port-in-use`. */
  start(): number {
    const { config, app } = this.#options;
    const { host, port, instances, limits } = config;
    try {
      this.#server = Bun.serve({
        hostname: host,
        port,
        // The kernel shares connections out among the gateway's instances.
        reusePort: instances > 1,
        idleTimeout: idleSeconds(limits.idleTimeoutMs),
        // Above the app's own limit, which answers with a problem; Bun's cuts the connection.
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        development: false,
        fetch: (request, server) => app.fetch(request, server),
        error: (error) => app.defect(error),
      });
    } catch (cause) {
      throw listenError(cause, host, port);
    }
    this.#allowHeads(limits.headerBytes);
    return this.#server.port!;
  }

  /**
   * Bun answers heads above its own limit, one a process, with a bare 431. It is lifted so that heads a little too
   * large get a problem instead; never lowered, for another gateway of this process may need it. Later, because
   * `node:http` takes a noticeable part of a worker's start to load.
   */
  #allowHeads(headerBytes: number): void {
    const wanted = 2 * headerBytes;
    if (wanted <= bunHeadBytes) return;
    this.#lifting = this.#options.clock.after(this.#options.liftHeadLimitAfterMs, async () => {
      const settings = (await import("node:http")).default as { maxHeaderSize: number };
      settings.maxHeaderSize = Math.max(settings.maxHeaderSize, wanted);
    });
  }

  /** Requests under way. */
  get pending(): number {
    return this.#server?.pendingRequests ?? 0;
  }

  /** Takes no further connections, closes idle ones, and waits for requests under way. Returns how many are left. */
  async drain(timeoutMs: number): Promise<number> {
    const { clock, drainPollMs } = this.#options;
    const until = clock.now() + timeoutMs;
    // Resolves when the last connection is closed, and one may stay open without a request: so it is not awaited.
    void this.#server?.stop();
    while (this.pending > 0 && clock.now() < until) {
      await new Promise<void>((resolve) => void clock.after(drainPollMs, resolve));
    }
    return this.pending;
  }

  /** Closes everything. Idempotent. */
  async stop(): Promise<void> {
    this.#lifting();
    await this.#server?.stop(true);
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const code = (cause as { code?: unknown }).code;
  if (code === "EADDRINUSE") {
    const message = `Port ${port} on ${host} is taken by another program. Choose another with gateway.port or --port, or 0 for any free one.`;
    return new MicrocosmError("port-in-use", message, { cause });
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    const message = `The gateway cannot listen on ${host}:${port}: ${code}. Correct gateway.host or gateway.port.`;
    return new MicrocosmError("topology-invalid", message, { cause });
  }
  return cause;
}
