import { portError } from "../supervisor/port-check.ts";

/** Of one request; what is larger is sent in parts. */
const maxBodyBytes = 16 * 1024 * 1024;
/** Answers under way may end for this long when the server stops. */
const closeTimeoutMs = 500;
const host = "127.0.0.1";

export interface LoopbackOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly fetch: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;
}

/** HTTP for programs and browsers of this machine only. */
export class LoopbackServer {
  readonly #options: LoopbackOptions;
  #server: Bun.Server<undefined> | undefined;

  constructor(options: LoopbackOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#server?.port ?? this.#options.port;
  }

  /** `http://127.0.0.1:9900`. */
  get url(): string {
    return `http://${host}:${this.port}`;
  }

  /** Throws `port-in-use`. */
  start(): void {
    const { port, fetch } = this.#options;
    try {
      this.#server = Bun.serve({
        hostname: host,
        port,
        fetch,
        maxRequestBodySize: maxBodyBytes,
        // A scale or restart answers when it is done, and a follower may wait for hours.
        idleTimeout: 0,
      });
    } catch (cause) {
      throw portError(host, port, cause);
    }
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await Promise.race([server.stop(), Bun.sleep(closeTimeoutMs)]);
    await server.stop(true);
  }
}

/** 256 random bits. */
export function newToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}
