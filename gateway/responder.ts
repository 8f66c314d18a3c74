/**
 * Hot path. Writes the lines of an answer's head straight into the text that is sent: making a native Response of the same
 * answer was 9 % of the gateway's time.
 */
import type { HeaderList } from "../runtime/calls/mesh.ts";
import type { GatewayBounds } from "./bounds.ts";
import { type Answered, answered, type Exchange } from "./exchange.ts";
import { isHopByHop } from "./http/request-head.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Compression } from "./middleware/compression.ts";
import type { Cors } from "./middleware/cors.ts";
import { asProblem } from "./middleware/error-answers.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import type { Traces } from "./middleware/trace.ts";
import { type GatewayProblem, problemJson } from "./problems.ts";
import { type AnswerBody, headerOf, mediaType, type Reply } from "./reply.ts";
import type { LiveStreams } from "./streams.ts";

export interface ResponderOptions {
  readonly metrics: GatewayMetrics;
  readonly traces: Traces;
  readonly streams: LiveStreams;
  readonly bounds: GatewayBounds;
  readonly cors: Cors | undefined;
  readonly compression: Compression | undefined;
}

/** In a field's value these would end the line, or the head; beyond Latin-1 they would be cut to such characters. */
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInName = /[^!#$%&'*+\-.^_`|~0-9a-z]/;
const retryAfterSeconds = "1";

export class Responder {
  readonly #metrics: GatewayMetrics;
  readonly #traces: Traces;
  readonly #streams: LiveStreams;
  readonly #cors: Cors | undefined;
  readonly #compression: Compression | undefined;
  readonly #compressFromBytes: number;
  /** The last headers of each route: the same list comes again and again (runtime/protocol/plain-reader.ts). */
  readonly #known: (KnownHeaders | undefined)[] = [];

  constructor(options: ResponderOptions) {
    this.#metrics = options.metrics;
    this.#traces = options.traces;
    this.#streams = options.streams;
    this.#cors = options.cors;
    this.#compression = options.compression;
    this.#compressFromBytes = options.bounds.compressFromBytes;
  }

  /** Answers with what a service said: errors as problems, compressed where it pays, streams as they come. */
  reply(x: Exchange, reply: Reply): Answered | Promise<Answered> {
    if (reply.status >= 400) return this.#error(x, reply);
    const body = reply.body;
    if (body instanceof ReadableStream) return this.#stream(x, reply, body);
    if (this.#compression !== undefined && body !== null && body.length >= this.#compressFromBytes) {
      return this.#compressed(x, reply, this.#compression);
    }
    return this.send(x, reply.status, reply.headers, body);
  }

  async #error(x: Exchange, reply: Reply): Promise<Answered> {
    const { status, headers, body } = await asProblem(reply, x.requestId);
    return this.send(x, status, headers, body);
  }

  /** A stream of events never ends by itself: it is closed by draining. */
  #stream(x: Exchange, reply: Reply, body: ReadableStream<Uint8Array>): Answered {
    if (mediaType(headerOf(reply.headers, "content-type")) !== "text/event-stream") {
      return this.send(x, reply.status, reply.headers, body);
    }
    return this.send(x, reply.status, reply.headers, this.#streams.track(body));
  }

  #compressed(x: Exchange, reply: Reply, compression: Compression): Answered | Promise<Answered> {
    if (!compression.worthwhile(reply)) return this.send(x, reply.status, reply.headers, reply.body);
    x.addHeader("vary", "Accept-Encoding");
    const encoding = compression.choose(x.head.acceptEncoding);
    if (encoding === undefined) return this.send(x, reply.status, reply.headers, reply.body);
    const encoded = compression.encode(reply, encoding);
    if (encoded instanceof Promise) {
      return encoded.then((done) => this.send(x, done.status, done.headers, done.body));
    }
    return this.send(x, encoded.status, encoded.headers, encoded.body);
  }

  problem(x: Exchange, problem: GatewayProblem, headers: HeaderList = []): Answered {
    if (problem.status === 503) headers = [...headers, "retry-after", retryAfterSeconds];
    return this.send(
      x,
      problem.status,
      [...headers, "content-type", "application/problem+json", "cache-control", "no-store"],
      problemJson(problem, x.requestId),
    );
  }

  /** Sends as it is. Each request ends here exactly once, so here it is counted. */
  send(x: Exchange, status: number, headers: HeaderList, body: AnswerBody): Answered {
    if (status < 200 || status > 599) {
      const problem = {
        status: 502,
        type: "bad-reply",
        detail: `The service answered with status ${status}.`,
      };
      return this.problem(x, problem);
    }
    const own = this.#own(x.route, headers);
    if (own === undefined) {
      const problem = {
        status: 502,
        type: "bad-reply",
        detail: "The service answered with a malformed header.",
      };
      return this.problem(x, problem);
    }
    const durationMs = performance.now() - x.startedAt;
    this.#metrics.record(x.route, status, durationMs);
    this.#traces.ended(x, status, durationMs);
    x.client.answer(x, status, this.#fields(x, headers, own), body, own.declaredBytes);
    return answered;
  }

  /** What a service said, looked at once for the same list; undefined when a value could not stand in a head. */
  #own(route: number, headers: HeaderList): OwnFields | undefined {
    const known = this.#known[route];
    if (known !== undefined && known.headers === headers) return known.own;
    const own = ownFields(headers);
    if (own === undefined) return undefined;
    if (known !== undefined) {
      known.headers = headers;
      known.own = own;
      return own;
    }
    // Without holes.
    for (let i = this.#known.length; i < route; i++) this.#known.push(undefined);
    this.#known[route] = { headers, own };
    return own;
  }

  /** Lines of the head. */
  #fields(x: Exchange, headers: HeaderList, own: OwnFields): string {
    const { extra } = x;
    let { fields, vary } = own;
    if (extra !== undefined) {
      // The gateway's word replaces the service's, except that reasons to vary add up.
      for (let i = 0; i < extra.length; i += 2) {
        const name = extra[i]!;
        if (name === "vary") vary = vary === "" ? extra[i + 1]! : `${vary}, ${extra[i + 1]}`;
        else fields = headers.includes(name) ? without(fields, name) : fields;
      }
      for (let i = 0; i < extra.length; i += 2) {
        if (extra[i] !== "vary") fields += `${extra[i]}: ${extra[i + 1]}\r\n`;
      }
    }
    if (this.#cors !== undefined) {
      if (this.#cors.varies) vary = vary === "" ? "Origin" : `${vary}, Origin`;
      fields += this.#cors.fields(x);
    }
    if (vary !== "") fields += `vary: ${vary}\r\n`;
    return `${fields}${lastLines}${x.requestId}\r\n`;
  }
}

interface OwnFields {
  /** Lines of the service's headers, without what frames the body and what the gateway says itself. */
  readonly fields: string;
  readonly vary: string;
  /** A length that the service announced; -1 for none. */
  readonly declaredBytes: number;
}

interface KnownHeaders {
  headers: HeaderList;
  own: OwnFields;
}

const lastLines = `${securityHeaders[0]}: ${securityHeaders[1]}\r\nx-request-id: `;

/** Lines of what a service said; undefined when one could not stand in a head. */
function ownFields(headers: HeaderList): OwnFields | undefined {
  let fields = "";
  let vary = "";
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (notInValue.test(value) || notInName.test(name)) return undefined;
    if (name === "vary") vary = vary === "" ? value : `${vary}, ${value}`;
    else if (!isFraming(name) && !isOwn(name)) fields += `${name}: ${value}\r\n`;
  }
  return { fields, vary, declaredBytes: declaredBytes(headers) };
}

/** The lines but those of `name`. */
function without(fields: string, name: string): string {
  return fields
    .split("\r\n")
    .filter((line) => !line.startsWith(`${name}: `))
    .join("\r\n");
}

/** The connection's own business. */
function isFraming(name: string): boolean {
  return name === "content-length" || name === "date" || isHopByHop(name);
}

/** What the gateway says of every answer. */
function isOwn(name: string): boolean {
  return name === securityHeaders[0] || name === "x-request-id";
}

/** A length that the service announced; -1 for none. */
function declaredBytes(headers: HeaderList): number {
  const length = headerOf(headers, "content-length");
  return /^\d{1,15}$/.test(length) ? Number(length) : -1;
}
