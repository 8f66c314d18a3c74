import type { CallSignal } from "../runtime/call-signal.ts";
import type { CallContext, CallReceiver, Mesh } from "../runtime/calls/mesh.ts";
import type { Clock } from "../runtime/clock.ts";
import type { RouteConfig } from "../runtime/topology/model.ts";
import type { Exchange } from "./exchange.ts";
import type { BodyReader } from "./middleware/request-body.ts";
import { compileRewrite } from "./path.ts";
import type { Reply } from "./reply.ts";

/** Gets a route's answer from behind the gateway. Rejects with a MicrocosmError or a Problem. */
export type Origin = (x: Exchange) => Promise<Reply>;

/** A service behind a route. */
export interface ServiceOrigin {
  readonly ask: Origin;
  /** As `ask`, for a request that has no body. */
  readonly send: (x: Exchange, receiver: CallReceiver) => void;
}

export interface OriginOptions {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly bodies: BodyReader;
}

/** One service behind one path. */
export function serviceOrigin(
  route: RouteConfig,
  target: { readonly service: string; readonly rewrite: string },
  { mesh, clock, bodies }: OriginOptions,
): ServiceOrigin {
  const { service } = target;
  const rewrite = compileRewrite(route.path, target.rewrite);
  const passAuthorization = route.auth === "none";
  const { timeoutMs } = route;

  const callOf = (x: Exchange, body: Reply["body"]) => {
    const { headers, authorization } = x.head;
    return {
      method: x.method,
      path: rewrite(x.path) + x.query,
      // A token that was checked here has become the call's user; no service needs to hold it.
      headers:
        passAuthorization && authorization !== "" ? [...headers, "authorization", authorization] : headers,
      body,
    };
  };
  // For the cache, so for everyone who waits: it goes on when the one who asked first leaves.
  const fill: Origin = (x) => {
    const headers = impersonal(x.head.headers);
    const request = { method: "GET", path: rewrite(x.path) + x.query, headers, body: null };
    return mesh.call(service, request, contextOf(x, undefined));
  };
  const contextOf = (x: Exchange, signal: CallSignal | undefined): CallContext => ({
    user: x.user,
    deadline: clock.now() + timeoutMs,
    traceparent: x.traceparent,
    requestId: x.requestId,
    signal,
  });
  const callWithBody: Origin = async (x) => {
    const sent = bodies.readNow(x) ?? (await bodies.read(x));
    try {
      const reply = await mesh.call(service, callOf(x, sent.body), contextOf(x, sent.signal));
      if (sent.failure === undefined) return reply;
    } catch (error) {
      if (sent.failure === undefined) throw error;
    }
    throw sent.failure;
  };

  const cached = route.cache !== undefined;
  const send = (x: Exchange, receiver: CallReceiver) =>
    mesh.send(service, callOf(x, null), contextOf(x, x), receiver);
  const ask: Origin = (x) => {
    if (cached && (x.method === "GET" || x.method === "HEAD")) return fill(x);
    if (bodies.hasBody(x)) return callWithBody(x);
    return mesh.call(service, callOf(x, null), contextOf(x, x));
  };
  return { ask, send };
}

/** Headers an answer for everyone may not depend on: who asks, and what this one client has already. */
const personal: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "range",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
]);

export function impersonal(headers: readonly string[]): string[] {
  return headers.filter((_, index, all) => !personal.has(all[index - (index % 2)]!));
}
