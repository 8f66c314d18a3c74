import type { MicrocosmError } from "../../sdk/errors.ts";
import type { RequestInfo, User } from "../../sdk/service.ts";
import type { CallSignal } from "../call-signal.ts";
import type { IncomingBody, OutgoingBody } from "../transport/transport.ts";

/** Flat name, value, name, value…; names in lower case. No per-request objects on the hot path. */
export type HeaderList = readonly string[];

export interface CallRequest {
  readonly method: string;
  /** Path and query, `/products?limit=5`. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: OutgoingBody;
}

/** What travels with a call besides the request. */
export interface CallContext {
  readonly user?: User | undefined;
  /** Absolute; the edge's timeout may make it earlier. */
  readonly deadline: number;
  /** "" begins a trace with this call. */
  readonly traceparent: string;
  readonly requestId?: string | undefined;
  readonly signal?: CallSignal | undefined;
}

export interface CallReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: IncomingBody;
  /** The instance that answered. */
  readonly instance: string;
}

/** Hears how a call ended: one of the two is called, once, possibly before `send` returns. Neither may throw. */
export interface CallReceiver {
  replied(reply: CallReply): void;
  failed(error: MicrocosmError): void;
}

/**
 * Calls other services: waits for a ready instance, picks one, sends, retries what is idempotent when a link breaks.
 * Rejects with a MicrocosmError: `edge-not-declared`, `unknown-service`, `no-ready-instance`, `deadline-exceeded`,
 * `cancelled`, `link-closed`, `overloaded`. An HTTP status from the callee, 500 included, is a reply.
 */
export interface Mesh {
  call(service: string, request: CallRequest, context: CallContext): Promise<CallReply>;
  /** As `call` for hot paths: a promise and its two functions cost as much as the rest of what is made for a call. */
  send(service: string, request: CallRequest, context: CallContext, receiver: CallReceiver): void;
}

export type { RequestInfo };
