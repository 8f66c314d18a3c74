import { type AbortListener, AbortListeners, type CallSignal } from "../runtime/call-signal.ts";
import type { User } from "../sdk/service.ts";
import type { ClientBody } from "./http/client-body.ts";
import type { RequestHead } from "./http/request-head.ts";
import type { AnswerBody } from "./reply.ts";

/** The connection a request came over. */
export interface Client {
  /** As the socket has it; whatever the client says about itself counts for nothing. */
  readonly address: string;
  /**
   * Sends the answer to `x`: once, and only to the request being handled; anything else is dropped. `fields` are the lines
   * of its head, each with its CRLF, without those that frame the body. `declaredBytes` is the length of a streamed body,
   * -1 if unknown.
   */
  answer(x: Exchange, status: number, fields: string, body: AnswerBody, declaredBytes: number): void;
}

/**
 * One request on its way through the gateway, and what Hono's handlers are given. Plain fields, one object a
 * request. It is the signal of the calls made for it too: aborted when its client leaves before the answer is whole.
 */
export class Exchange implements CallSignal {
  readonly client: Client;
  readonly method: string;
  /** Normalised, without the query. */
  readonly path: string;
  /** With its question mark; "" when there is none. */
  readonly query: string;
  readonly head: RequestHead;
  readonly body: ClientBody | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;

  requestId: string;
  /** The client's own `traceparent`, unchecked. */
  clientTrace: string;
  /** Of the gateway's span. */
  traceparent = "";
  /** Number of the gateway's span, where telemetry is on. */
  span = 0;

  /** Place of its route in the metrics. */
  route = 0;
  user: User | undefined = undefined;
  /** Headers that guards want in the answer, flat; undefined for none. */
  extra: string[] | undefined = undefined;
  /** The connection ends with the answer. */
  closes = false;
  /** The client left. */
  aborted = false;
  #listeners: AbortListeners | undefined = undefined;

  constructor(
    client: Client,
    method: string,
    path: string,
    query: string,
    head: RequestHead,
    body: ClientBody | undefined,
  ) {
    this.client = client;
    this.method = method;
    this.path = path;
    this.query = query;
    this.head = head;
    this.body = body;
    this.startedAt = performance.now();
    this.requestId = head.requestId;
    this.clientTrace = head.traceparent;
  }

  addHeader(name: string, value: string): void {
    this.extra ??= [];
    this.extra.push(name, value);
  }

  addEventListener(_: "abort", listener: AbortListener): void {
    this.#listeners ??= new AbortListeners();
    this.#listeners.add(listener);
  }

  removeEventListener(_: "abort", listener: AbortListener): void {
    this.#listeners?.remove(listener);
  }

  /** The client left. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listeners?.tell();
  }
}

/** What answering comes to: the answer itself is on its way to the client, or is seen to. */
export const answered = "answered";
export type Answered = typeof answered;

/** Looks at a request before its route answers; undefined lets it pass. */
export type Guard = (x: Exchange) => Answered | undefined | Promise<Answered | undefined>;

/** Answers what the guards let pass. Never rejects. */
export type Target = (x: Exchange) => Answered | Promise<Answered>;
