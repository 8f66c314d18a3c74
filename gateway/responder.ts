/**
 * The one place where answers become `Response`s. Hot path: of the 2.7 µs that the app takes for a request, measured in
 * process with a mesh that answers at once, a third is the Response. Made from a `Headers` object it costs more than
 * twice what it does from a plain one, so there is one only when a name stands twice.
 */
import type { HeaderList } from "../runtime/calls/mesh.ts";
import type { GatewayBounds } from "./bounds.ts";
import type { Exchange } from "./exchange.ts";
import { isHopByHop } from "./head.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Compression } from "./middleware/compression.ts";
import type { Cors } from "./middleware/cors.ts";
import { asProblem } from "./middleware/error-answers.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import type { Traces } from "./middleware/trace.ts";
import { type GatewayProblem, problemJson } from "./problems.ts";
import { headerOf, mediaType, type Reply } from "./reply.ts";
import type { LiveStreams } from "./streams.ts";

export interface ResponderOptions {
  readonly metrics: GatewayMetrics;
  readonly traces: Traces;
  readonly streams: LiveStreams;
  readonly bounds: GatewayBounds;
  readonly cors: Cors | undefined;
  readonly compression: Compression | undefined;
  /** Of connections. */
  readonly idleTimeoutMs: number;
}

/** Statuses that come without a body; a Response with one would throw. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);
const retryAfterSeconds = "1";

export class Responder {
  readonly #metrics: GatewayMetrics;
  readonly #traces: Traces;
  readonly #streams: LiveStreams;
  readonly #cors: Cors | undefined;
  readonly #compression: Compression | undefined;
  readonly #compressFromBytes: number;
  readonly #idleSeconds: number;

  constructor(options: ResponderOptions) {
    this.#metrics = options.metrics;
    this.#traces = options.traces;
    this.#streams = options.streams;
    this.#cors = options.cors;
    this.#compression = options.compression;
    this.#compressFromBytes = options.bounds.compressFromBytes;
    this.#idleSeconds = idleSeconds(options.idleTimeoutMs);
  }

  /** Answers with what a service said: errors as problems, compressed where it pays, streams as they come. */
  reply(x: Exchange, reply: Reply): Response | Promise<Response> {
    if (reply.status >= 400) return this.#error(x, reply);
    const body = reply.body;
    if (body instanceof ReadableStream) return this.#stream(x, reply, body);
    if (this.#compression !== undefined && body !== null && body.length >= this.#compressFromBytes) {
      return this.#compressed(x, reply, this.#compression);
    }
    return this.send(x, reply.status, reply.headers, body);
  }

  async #error(x: Exchange, reply: Reply): Promise<Response> {
    const { status, headers, body } = await asProblem(reply, x.requestId);
    return this.send(x, status, headers, body);
  }

  /** A stream of events may be silent for long and never ends by itself: no idle timeout, and closed by draining. */
  #stream(x: Exchange, reply: Reply, body: ReadableStream<Uint8Array>): Response {
    if (mediaType(headerOf(reply.headers, "content-type")) !== "text/event-stream") {
      return this.send(x, reply.status, reply.headers, body);
    }
    // The lifted timeout would stay with the connection.
    x.addHeader("connection", "close");
    const response = this.send(x, reply.status, reply.headers, this.#streams.track(body));
    x.connection.timeout(x.request, 0);
    return response;
  }

  #compressed(x: Exchange, reply: Reply, compression: Compression): Response | Promise<Response> {
    if (!compression.worthwhile(reply)) return this.send(x, reply.status, reply.headers, reply.body);
    x.addHeader("vary", "Accept-Encoding");
    const encoding = compression.choose(x.acceptEncoding);
    if (encoding === undefined) return this.send(x, reply.status, reply.headers, reply.body);
    const encoded = compression.encode(reply, encoding);
    if (encoded instanceof Promise) {
      return encoded.then((done) => this.send(x, done.status, done.headers, done.body));
    }
    return this.send(x, encoded.status, encoded.headers, encoded.body);
  }

  problem(x: Exchange, problem: GatewayProblem, headers: HeaderList = []): Response {
    if (problem.status === 503) headers = [...headers, "retry-after", retryAfterSeconds];
    return this.send(
      x,
      problem.status,
      [...headers, "content-type", "application/problem+json", "cache-control", "no-store"],
      problemJson(problem, x.requestId),
    );
  }

  /** Sends as it is. Each request ends here exactly once, so here it is counted. */
  send(x: Exchange, status: number, headers: HeaderList, body: Reply["body"] | Blob): Response {
    if (status < 200 || status > 599) {
      const problem = {
        status: 502,
        type: "bad-reply",
        detail: `The service answered with status ${status}.`,
      };
      return this.problem(x, problem);
    }
    const durationMs = performance.now() - x.startedAt;
    this.#metrics.record(x.route, status, durationMs);
    this.#traces.ended(x, status, durationMs);
    if (x.patient) x.connection.timeout(x.request, this.#idleSeconds);
    const head = x.method === "HEAD";
    const record: Record<string, string> = {};
    let repeated: string[] | undefined;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      if (isHopByHop(name) || (name === "content-length" && !head)) continue;
      if (record[name] === undefined) record[name] = headers[i + 1]!;
      else repeated = [...(repeated ?? []), name, headers[i + 1]!];
    }
    const extra = x.extra;
    if (extra !== undefined)
      for (let i = 0; i < extra.length; i += 2) merge(record, extra[i]!, extra[i + 1]!);
    this.#cors?.apply(x, record);
    record[securityHeaders[0]] = securityHeaders[1];
    record["x-request-id"] = x.requestId;
    const content = head || bodiless.has(status) ? null : (body as BodyInit | null);
    const init = { status, headers: repeated === undefined ? record : allOf(record, repeated) };
    return new Response(content, init);
  }
}

/** As Bun takes it: whole seconds, and no more than a byte holds. */
export function idleSeconds(idleTimeoutMs: number): number {
  return Math.min(255, Math.ceil(idleTimeoutMs / 1000));
}

/** The gateway's word replaces the service's, except that reasons to vary add up. */
function merge(record: Record<string, string>, name: string, value: string): void {
  const present = record[name];
  record[name] = name === "vary" && present !== undefined ? `${present}, ${value}` : value;
}

function allOf(record: Record<string, string>, repeated: readonly string[]): Headers {
  const all = new Headers(record);
  for (let i = 0; i < repeated.length; i += 2) all.append(repeated[i]!, repeated[i + 1]!);
  return all;
}
