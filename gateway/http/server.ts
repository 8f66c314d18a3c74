import type { TCPSocketListener } from "bun";
import type { Clock } from "../../runtime/clock.ts";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Exchange } from "../exchange.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import type { BadRequest } from "./request-head.ts";

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  /** Other processes listen on the same port; the kernel shares connections out among them. */
  readonly sharePort: boolean;
  readonly maxHeadBytes: number;
  /** A connection may be silent for this long between requests, or take nothing of its answer. */
  readonly idleTimeoutMs: number;
  /** From a head's first byte to its last. */
  readonly headTimeoutMs: number;
  readonly drainPollMs: number;
  readonly clock: Clock;
  /** Answers a request through `x.client`. Never throws. */
  readonly handle: (x: Exchange) => void;
  /** Answers for a request that could not be read. */
  readonly refuse: (x: Exchange, problem: BadRequest) => void;
}

/** Timeouts are looked at this often, or eight times within the shortest: an idle connection costs no timer of its own. */
const maxSweepMs = 1_000;
const minSweepMs = 20;

/** An HTTP/1.1 server over raw sockets (docs/decisions/0008-own-http-server.md says why). */
export class HttpServer implements ConnectionHost {
  readonly idleTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly maxHeadBytes: number;
  readonly handle: (x: Exchange) => void;
  readonly refuse: (x: Exchange, problem: BadRequest) => void;
  draining = false;
  readonly #options: HttpServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #sweepMs: number;
  #listener: TCPSocketListener<Connection> | undefined;
  #cancelSweep: (() => void) | undefined;
  #pending = 0;
  #dateLine = "";
  #dateUntil = 0;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.idleTimeoutMs = options.idleTimeoutMs;
    this.headTimeoutMs = options.headTimeoutMs;
    this.maxHeadBytes = options.maxHeadBytes;
    this.handle = options.handle;
    this.refuse = options.refuse;
    const shortest = Math.min(options.idleTimeoutMs, options.headTimeoutMs);
    this.#sweepMs = Math.max(minSweepMs, Math.min(maxSweepMs, shortest / 8));
  }

  /** Requests under way. */
  get pending(): number {
    return this.#pending;
  }

  /** Listens. Returns the port; throws `port-in-use`, or `topology-invalid` for an address that is not this machine's. */
  start(): number {
    const { host, port, sharePort } = this.#options;
    try {
      this.#listener = Bun.listen<Connection>({
        hostname: host,
        port,
        // Bun's types do not know it; its sockets do.
        ...({ reusePort: sharePort } as object),
        socket: {
          binaryType: "uint8array",
          open: (socket) => this.#opened(socket),
          data: (socket, bytes: Uint8Array) => socket.data.onData(bytes),
          drain: (socket) => socket.data.onDrain(),
          close: (socket) => this.#closed(socket.data),
          error: (socket) => socket.terminate(),
        },
      });
    } catch (cause) {
      throw listenError(cause, host, port);
    }
    return this.#listener.port;
  }

  /** Takes no further connections, closes idle ones, and waits for requests under way. Returns how many are left. */
  async drain(timeoutMs: number): Promise<number> {
    const { clock, drainPollMs } = this.#options;
    const until = clock.now() + timeoutMs;
    this.draining = true;
    this.#listener?.stop();
    for (const connection of this.#connections) connection.drain();
    while (this.#pending > 0 && clock.now() < until) {
      await new Promise<void>((resolve) => void clock.after(drainPollMs, resolve));
    }
    return this.#pending;
  }

  /** Closes everything. Idempotent. */
  stop(): void {
    this.draining = true;
    this.#listener?.stop();
    for (const connection of [...this.#connections]) connection.terminate();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  /** Made once a second. */
  dateLine(now: number): string {
    if (now >= this.#dateUntil) {
      const date = this.#options.clock.now();
      this.#dateLine = `date: ${new Date(date).toUTCString()}\r\n`;
      this.#dateUntil = now + 1_000 - (date % 1_000);
    }
    return this.#dateLine;
  }

  began(): void {
    this.#pending++;
  }

  ended(): void {
    this.#pending--;
  }

  #opened(socket: Bun.Socket<Connection>): void {
    const connection = new Connection(socket, this);
    socket.data = connection;
    // Accepted while the listener was being closed.
    if (this.draining) {
      socket.terminate();
      return;
    }
    this.#connections.add(connection);
    this.#cancelSweep ??= this.#options.clock.after(this.#sweepMs, this.#sweep);
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    connection.onClose();
  }

  /** Runs while there are connections. */
  readonly #sweep = (): void => {
    const now = performance.now();
    for (const connection of this.#connections) connection.sweep(now);
    this.#cancelSweep =
      this.#connections.size === 0 ? undefined : this.#options.clock.after(this.#sweepMs, this.#sweep);
  };
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const code = (cause as { code?: unknown }).code;
  if (code === "EADDRINUSE") {
    const message = `Port ${port} on ${host} is taken by another program. Choose another with gateway.port or --port, or 0 for any free one.`;
    return new MicrocosmError("port-in-use", message, { cause });
  }
  const reason = code ?? (cause instanceof Error ? cause.message : cause);
  const message = `The gateway cannot listen on ${host}:${port}: ${reason}. Correct gateway.host or gateway.port.`;
  return new MicrocosmError("topology-invalid", message, { cause });
}
