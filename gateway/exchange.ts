import type { User } from "../sdk/service.ts";
import { normalizePath, pathStart } from "./path.ts";

/** What the gateway asks of the server about a request; Bun's server is one. */
export interface Connection {
  /** What it listens on. */
  readonly hostname: string | undefined;
  requestIP(request: Request): { readonly address: string } | null;
  /** Sets how long, in seconds, the request's connection may be silent; 0 for ever. */
  timeout(request: Request, seconds: number): void;
}

/**
 * One request on its way through the gateway, and the environment (`c.env`) of Hono's handlers. Plain fields filled in
 * one pass over the head: a lookup in `request.headers` costs more than reading them all once, and one object a
 * request is cheaper than Hono's variables, which are a Map.
 */
export class Exchange {
  readonly request: Request;
  readonly connection: Connection;
  readonly method: string;
  /** Normalised, without the query. */
  readonly path: string;
  /** With its question mark; "" when there is none. */
  readonly query: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;

  // Filled by readHead. "" for a header that is not there.
  /** What may be passed on, flat and in lower case. */
  headers: string[] = [];
  host = "";
  authorization = "";
  origin = "";
  acceptEncoding = "";
  ifNoneMatch = "";
  contentLength = "";
  transferEncoding = "";
  requestId = "";
  /** The client's own `traceparent`, unchecked. */
  clientTrace = "";
  /** Of the gateway's span. */
  traceparent = "";
  /** Number of the gateway's span, where telemetry is on. */
  span = 0;

  /** Place of its route in the metrics. */
  route = 0;
  user: User | undefined = undefined;
  /** Headers that guards want in the answer, flat; undefined for none. */
  extra: string[] | undefined = undefined;
  #address: string | undefined = undefined;

  constructor(request: Request, connection: Connection) {
    this.startedAt = performance.now();
    this.request = request;
    this.connection = connection;
    this.method = request.method;
    const url = request.url;
    const start = pathStart(url);
    const hash = url.indexOf("#", start);
    const end = hash < 0 ? url.length : hash;
    const mark = url.indexOf("?", start);
    if (mark < 0 || mark > end) {
      this.path = normalizePath(url.slice(start, end));
      this.query = "";
    } else {
      this.path = normalizePath(url.slice(start, mark));
      this.query = url.slice(mark, end);
    }
  }

  /** The client's address as the socket has it; whatever the client says about itself counts for nothing. */
  get address(): string {
    this.#address ??= this.connection.requestIP(this.request)?.address ?? "unknown";
    return this.#address;
  }

  /**
   * Good enough to tell a service: all clients of a gateway that listens on loopback are this machine, and asking the
   * socket is the dearest of all that is asked about a request.
   */
  get forwardedFor(): string {
    return this.#address ?? (this.connection.hostname === "127.0.0.1" ? "127.0.0.1" : this.address);
  }

  /** Whether the connection may be silent for as long as this request lasts. */
  patient = false;

  /** Lifts the connection's idle timeout until the answer: a timeout of the route's or the body's ends the wait. */
  waitPatiently(): void {
    if (this.patient) return;
    this.patient = true;
    this.connection.timeout(this.request, 0);
  }

  addHeader(name: string, value: string): void {
    this.extra ??= [];
    this.extra.push(name, value);
  }
}

/** Looks at a request before its route answers; undefined lets it pass. */
export type Guard = (x: Exchange) => Response | undefined | Promise<Response | undefined>;

/** Answers what the guards let pass. */
export type Target = (x: Exchange) => Response | Promise<Response>;
