import type { HeaderList } from "../calls/mesh.ts";
import type { IncomingBody } from "../transport/transport.ts";
import { LeanHeaders } from "./lean-headers.ts";

/** What a request is made of. Looked at when asked for. */
export interface RequestSource {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: IncomingBody;
  readonly signal: AbortSignal;
}

const decoder = new TextDecoder();
const usedUp = Symbol("used up");

/**
 * A call as the web's `Request`, for Hono. Hot path: a real `Request` with two headers costs 0.6 µs, as much as the
 * whole of Hono's routing, and most handlers look at no more than the method, the URL and one or two headers. What is
 * rarely used (`clone`, `formData`, `body`…) comes from a real one, made then and the truth about the body afterwards.
 */
export class LeanRequest {
  readonly method: string;
  readonly url: string;
  readonly #source: RequestSource;
  #headers: LeanHeaders | undefined;
  #native: Request | undefined;
  #used = false;
  #text: string | undefined;

  constructor(origin: string, source: RequestSource) {
    this.method = source.method;
    this.url = origin + source.path;
    this.#source = source;
  }

  get headers(): Headers {
    this.#headers ??= new LeanHeaders(this.#source.headers);
    return this.#headers.asHeaders();
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? this.#used;
  }

  get body(): ReadableStream<Uint8Array> | null {
    // After text() and the like, a real request made now would have its body once more.
    if (this.#used && this.#native === undefined) return null;
    return this.native().body;
  }

  text(): Promise<string> {
    const body = this.#takeWhole();
    if (body === undefined) return this.native().text();
    if (body === usedUp) return alreadyUsed();
    this.#text = decoder.decode(body);
    return Promise.resolve(this.#text);
  }

  json(): Promise<unknown> {
    return this.text().then(JSON.parse);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    const body = this.#takeWhole();
    if (body === undefined) return this.native().arrayBuffer();
    if (body === usedUp) return alreadyUsed();
    // A copy: the bytes may be a view into what the link read.
    return Promise.resolve(Uint8Array.prototype.slice.call(body).buffer as ArrayBuffer);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }

  blob(): Promise<Blob> {
    return this.native().blob();
  }

  formData(): Promise<FormData> {
    // Bun declares two FormData types that differ in nothing a handler sees.
    return this.native().formData() as unknown as Promise<FormData>;
  }

  clone(): Request {
    return this.native().clone() as Request;
  }

  /** Whether the body was read as text and is no JSON: how a 400 is told from a SyntaxError of the handler's own. */
  get isMalformedJson(): boolean {
    if (this.#text === undefined) return false;
    try {
      JSON.parse(this.#text);
      return false;
    } catch {
      return true;
    }
  }

  native(): Request {
    if (this.#native === undefined) {
      const { body, signal } = this.#source;
      const bodiless = this.method === "GET" || this.method === "HEAD" || isEmpty(body);
      this.#native = new Request(this.url, {
        method: this.method,
        headers: this.headers instanceof LeanHeaders ? this.headers.native() : this.headers,
        signal,
        ...(bodiless || this.#used ? {} : { body: body as BodyInit, duplex: "half" }),
      });
    }
    return this.#native;
  }

  asRequest(): Request {
    return this as unknown as Request;
  }

  /** The body when it is here as a whole; undefined when the real request has to read it. */
  #takeWhole(): Uint8Array | typeof usedUp | undefined {
    const { body } = this.#source;
    if (this.#native !== undefined || !(body instanceof Uint8Array)) return undefined;
    if (this.#used) return usedUp;
    // A request without a body may be read again and again.
    this.#used = body.byteLength > 0;
    return body;
  }
}

function alreadyUsed(): Promise<never> {
  return Promise.reject(new TypeError("Body already used"));
}

function isEmpty(body: IncomingBody): boolean {
  return body instanceof Uint8Array && body.byteLength === 0;
}

for (const key of [
  "cache",
  "credentials",
  "destination",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
] as const) {
  Object.defineProperty(LeanRequest.prototype, key, {
    get(this: LeanRequest) {
      return this.native()[key];
    },
  });
}
// `instanceof Request` holds for them.
Object.setPrototypeOf(LeanRequest.prototype, Request.prototype);

const acceptsLean = Symbol("microcosm.acceptsLean");

/**
 * Replaces `globalThis.Request` by a subclass that takes a lean request where it takes a native one:
 * `new Request(c.req.raw, { method })`, as Hono's own middleware writes it, loses the method otherwise. Its instances are
 * native in every way, so this changes nothing for other code in the process.
 */
export function acceptLeanRequests(): void {
  const Native = globalThis.Request;
  if (acceptsLean in Native) return;
  class AcceptingRequest extends Native {
    static readonly [acceptsLean] = true;

    constructor(input: ConstructorParameters<typeof Request>[0], init?: RequestInit) {
      super(
        (input as unknown) instanceof LeanRequest ? (input as unknown as LeanRequest).native() : input,
        init,
      );
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Native;
    }
  }
  Object.defineProperty(AcceptingRequest, "name", { value: "Request" });
  globalThis.Request = AcceptingRequest as unknown as typeof Request;
}
