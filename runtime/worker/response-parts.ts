import type { HeaderList } from "../calls/mesh.ts";
import type { OutgoingBody } from "../transport/transport.ts";
import { LeanResponse, leanResponse } from "./lean-response.ts";

/** An answer as the wire takes it. */
export interface ResponseParts {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: OutgoingBody;
}

/** Where a tracked response, and the stream its `body` gave out, keep what the body was made of. */
const madeOf = Symbol("microcosm.madeOf");
/** Bytes, a form and the like: whole, but left to the native response to encode. */
const whole = Symbol("microcosm.whole");
type MadeOf = string | typeof whole | undefined;

interface Tracked {
  [madeOf]?: MadeOf;
}
interface TrackedStream extends ReadableStream<Uint8Array> {
  [madeOf]?: Response;
}

/**
 * Replaces `globalThis.Response` by a subclass whose instances remember the text they were made of. They are native
 * responses in every other way, so this changes nothing for other code in the process; without it the answers below
 * are the same, found out by reading the body as a stream. Those that only Hono and the dispatcher see are lean ones.
 *
 * Hot path. Whether a native response holds a text or a stream cannot be asked; its `body` costs 0.3 µs and makes a
 * stream of either. The subclass costs nothing measurable beside the 0.3 µs of making a response. Hono makes its
 * responses through the global.
 */
export function trackResponses(): void {
  const Native = globalThis.Response;
  if (madeOf in Native.prototype) return;
  class TrackedResponse extends Native {
    declare [madeOf]: MadeOf;

    // biome-ignore lint/correctness/noUnreachableSuper: a lean one is given out in place of a native one
    constructor(body?: BodyInit | null, init?: ResponseInit) {
      const lean = leanResponse(body, init);
      // biome-ignore lint/correctness/noConstructorReturn: the same
      if (lean !== undefined) return lean as unknown as TrackedResponse;
      super(
        body,
        (init as unknown) instanceof LeanResponse ? (init as unknown as LeanResponse).native() : init,
      );
      this[madeOf] = originOf(body);
    }

    override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
      const stream = super.body;
      if (stream !== null && this[madeOf] !== undefined) (stream as TrackedStream)[madeOf] = this;
      return stream;
    }

    override clone(): Response {
      const copy = super.clone() as Response & Tracked;
      copy[madeOf] = this[madeOf];
      return copy;
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Native;
    }
  }
  Object.defineProperty(TrackedResponse.prototype, madeOf, { value: undefined, writable: true });
  Object.defineProperty(TrackedResponse, "name", { value: "Response" });
  globalThis.Response = TrackedResponse as unknown as typeof Response;
}

function originOf(body: BodyInit | null | undefined): MadeOf {
  if (typeof body === "string") return body;
  if (body instanceof ReadableStream) {
    // Hono makes a response anew around the old one's stream when a header is set after next().
    const source = (body as TrackedStream)[madeOf];
    return source === undefined || source.bodyUsed ? undefined : (source as Tracked)[madeOf];
  }
  const isWhole =
    body instanceof Uint8Array ||
    body instanceof ArrayBuffer ||
    body instanceof FormData ||
    body instanceof URLSearchParams;
  return isWhole ? whole : undefined;
}

/**
 * Takes a response apart, at once when its body is known. A body that is a stream and goes on stays one; cancelling
 * it cancels the response's. Throws a TypeError when the body was read already.
 */
export function partsOf(response: Response): ResponseParts | Promise<ResponseParts> {
  if ((response as unknown) instanceof LeanResponse) {
    const lean = response as unknown as LeanResponse;
    return lean.parts() ?? partsOf(lean.native());
  }
  const headers: string[] = [];
  response.headers.forEach(pushHeader, headers);
  const { status } = response;
  const origin = (response as Tracked)[madeOf];
  if (typeof origin === "string") {
    if (response.bodyUsed) throw alreadyRead();
    // As Bun.serve does, which sees only bytes at the gateway.
    if (origin !== "" && !hasContentType(headers)) headers.push("content-type", "text/plain;charset=utf-8");
    return { status, headers, body: origin };
  }
  if (response.bodyUsed) throw alreadyRead();
  if (origin === whole) return response.bytes().then((body) => ({ status, headers, body }));
  if (response.body === null) return { status, headers, body: null };
  if (response.body.locked) throw alreadyRead();
  return streamedParts(status, withoutHopByHop(headers), response.body);
}

/** Bound to the array by forEach's second argument: no closure for each response. */
function pushHeader(this: string[], value: string, key: string): void {
  this.push(key, value);
}

function hasContentType(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === "content-type") return true;
  return false;
}

const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Hono's streaming sets these for a server that writes to the client itself; there is a gateway in between. */
function withoutHopByHop(headers: HeaderList): HeaderList {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!hopByHop.has(headers[i]!)) kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

type Chunk = Bun.ReadableStreamDefaultReadResult<Uint8Array>;

/** A stream that is over after one chunk (a blob, an untracked text) goes out whole; else what it began with and the rest. */
async function streamedParts(
  status: number,
  headers: HeaderList,
  stream: ReadableStream<Uint8Array>,
): Promise<ResponseParts> {
  const reader = stream.getReader();
  const begun: Promise<Chunk>[] = [];
  const first = await soon(read(reader, begun));
  if (first?.done) return { status, headers, body: null };
  if (first !== undefined && (await soon(read(reader, begun)))?.done) {
    return { status, headers, body: first.value ?? null };
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (begun.shift() ?? reader.read());
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { status, headers, body };
}

function read(reader: ReadableStreamDefaultReader<Uint8Array>, begun: Promise<Chunk>[]): Promise<Chunk> {
  const chunk = reader.read() as Promise<Chunk>;
  begun.push(chunk);
  return chunk;
}

/** The outcome if it is there within a turn of the event loop; undefined if not. A rejection within it is thrown. */
function soon<R>(promise: Promise<R>): Promise<R | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
}

function alreadyRead(): TypeError {
  return new TypeError("The response's body has been read already; return a clone of it");
}
