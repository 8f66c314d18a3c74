import { hc } from "hono/client";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { AnyHono, RequestInfo } from "../../sdk/service.ts";
import { anySignal } from "../call-signal.ts";
import { noDeadline } from "../policy/timeout.ts";
import type { OutgoingBody } from "../transport/transport.ts";
import type { CallContext, CallReply, HeaderList, Mesh } from "./mesh.ts";

export interface RpcOptions {
  /** The request being handled right now: its deadline, trace, user, request id and signal go along. */
  readonly current: () => RequestInfo | undefined;
}

/**
 * Hono's typed client of another service, over the mesh. Outside of a request a call begins a trace of its own and has
 * the edge's timeout as its only bound. An HTTP status is a Response; no answer at all rejects with a MicrocosmError.
 *
 * Make it once per callee and keep it. As always with Hono's client, path parameters are put into the path as they are:
 * encode what may hold a slash.
 */
export function rpcClient<Api extends AnyHono>(
  mesh: Mesh,
  service: string,
  options: RpcOptions,
): ReturnType<typeof hc<Api>> {
  const base = `http://${service}`;
  const meshFetch = async (input: RequestInfoOrUrl, init?: RequestInit): Promise<Response> => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const headers = headerList(init?.headers);
    const body = await outgoingBody(init?.body, headers);
    const path = pathOf(url, base);
    const context = withSignal(options.current() ?? outsideOfRequests, init?.signal);
    const reply = await mesh.call(service, { method: init?.method ?? "GET", path, headers, body }, context);
    return toResponse(reply);
  };
  return hc<Api>(base, { fetch: meshFetch as typeof fetch });
}

/** What fetch would have normalised: spaces, letters beyond ASCII, backslashes, a fragment. */
const needsNormalising = /[^\x21-\x7e]|[#\\]/;
const dotSegment = /\/(?:\.|%2e){1,2}(?:[/?\\]|$)/i;

/** Path and query. A value with dot segments would climb to a route that the author did not name: `bad-request`. */
function pathOf(url: string, base: string): string {
  const path = url.slice(base.length);
  if (dotSegment.test(path)) {
    throw new MicrocosmError("bad-request", `the path ${path} has dot segments; encode its parameters`);
  }
  if (!needsNormalising.test(path)) return path === "" ? "/" : path;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

type RequestInfoOrUrl = string | URL | Request;

const outsideOfRequests: CallContext = { deadline: noDeadline, traceparent: "" };

/** The current request itself is the context; a copy is made only when the author brought a signal of their own. */
function withSignal(context: CallContext, signal: AbortSignal | null | undefined): CallContext {
  if (signal === null || signal === undefined) return context;
  const { user, deadline, traceparent, requestId } = context;
  const both = context.signal === undefined ? signal : anySignal(context.signal, signal);
  return { user, deadline, traceparent, requestId, signal: both };
}

function headerList(init: RequestInit["headers"]): string[] {
  const list: string[] = [];
  if (init === undefined) return list;
  const headers = init instanceof Headers ? init : new Headers(init);
  headers.forEach((value, name) => {
    list.push(name, value);
  });
  return list;
}

/** Strings, bytes and streams pass; what needs encoding (forms, blobs) gets it, and its content-type, from Response. */
async function outgoingBody(body: RequestInit["body"], headers: string[]): Promise<OutgoingBody> {
  if (body === null || body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (body instanceof ReadableStream) return body as ReadableStream<Uint8Array>;
  const encoded = new Response(body);
  const type = encoded.headers.get("content-type");
  if (type !== null && !headers.includes("content-type")) headers.push("content-type", type);
  return new Uint8Array(await encoded.arrayBuffer());
}

/** These have no body by definition, and Response refuses one, even an empty one. */
const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function toResponse(reply: CallReply): Response {
  const headers = new Headers();
  copyHeaders(reply.headers, headers);
  const body = bodyless.has(reply.status) ? null : (reply.body as BodyInit);
  return new Response(body, { status: reply.status, headers });
}

function copyHeaders(from: HeaderList, to: Headers): void {
  for (let index = 0; index + 1 < from.length; index += 2) to.append(from[index]!, from[index + 1]!);
}
