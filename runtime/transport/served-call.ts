import { MicrocosmError } from "../../sdk/errors.ts";
import { emptyBytes } from "../protocol/frame.ts";
import { discard, Exchange, isWhole, type LinkHost, toChunked } from "./exchange.ts";
import type { IncomingBody, IncomingCall, OutgoingBody } from "./transport.ts";

export interface ServedCallHost extends LinkHost {
  /** False when a reply cannot be taken: the link broke over it. */
  acceptsReply(): boolean;
  /** A reply or failure was written, whole or its head. */
  replied(): void;
}

/**
 * A call made by the other end.
 *
 * ```
 *        reply, whole, or fail ─────────────────────────▶ over
 * open ─┬─ reply, streamed ─▶ answered ── last chunk ────▶ over
 *       └─ cancel, link closed (also from answered) ────▶ over, signal aborted
 * ```
 * A deadline that passes aborts the signal and nothing else: the caller has given up by itself, and says so.
 */
export class ServedCall extends Exchange implements IncomingCall {
  declare readonly host: ServedCallHost;
  readonly head: unknown;
  readonly body: IncomingBody;
  /** Answers are ignored from now on. */
  #answered = false;
  #controller: AbortController | undefined = undefined;
  #abortedWith: MicrocosmError | undefined = undefined;

  constructor(
    host: ServedCallHost,
    id: number,
    deadline: number,
    head: unknown,
    body: Uint8Array,
    streamed: boolean,
  ) {
    super(host, id, deadline);
    this.head = head;
    this.body = streamed ? this.receiveStream() : body;
  }

  get link(): ServedCallHost {
    return this.host;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith);
      else if (this.deadline !== 0 && !this.#answered) this.host.deadlines.add(this);
    }
    return this.#controller.signal;
  }

  reply(head: unknown, body: OutgoingBody): void {
    if (this.#answered || !this.host.acceptsReply()) {
      discard(body, new MicrocosmError("cancelled", "nobody waits for this reply"));
      return;
    }
    const whole = isWhole(body);
    try {
      this.host.frames.reply(this.id, head, whole ? (body ?? emptyBytes) : emptyBytes, !whole);
    } catch (cause) {
      discard(body, new MicrocosmError("cancelled", "the reply's head could not be sent"));
      this.fail(asMicrocosmError(cause));
      return;
    }
    this.#answer();
    if (whole) this.#over();
    else this.sendStream(toChunked(body));
    this.host.replied();
  }

  fail(error: MicrocosmError): void {
    if (this.#answered || !this.host.acceptsReply()) return;
    this.#answer();
    this.host.frames.fail(this.id, error);
    this.#over();
    this.host.replied();
  }

  onCancel(): void {
    this.onClosed(new MicrocosmError("cancelled", "the caller gave the call up"));
  }

  override onClosed(error: MicrocosmError): void {
    this.#answer();
    this.dropBodies(error);
    this.host.forget(this);
    this.#abort(error);
  }

  override onEnd(): void {
    this.incoming?.end();
    this.incoming = undefined;
  }

  /** The request's body broke off at its producer. */
  override onFail(error: MicrocosmError): void {
    this.incoming?.error(error);
    this.incoming = undefined;
  }

  override expire(): void {
    this.#abort(new MicrocosmError("deadline-exceeded", "the call's deadline passed while it was handled"));
  }

  override bodyAbandoned(): void {
    this.incoming = undefined;
    this.host.frames.stop(this.id);
  }

  override bodySent(error: MicrocosmError | undefined): void {
    this.outgoing = undefined;
    if (error === undefined) this.host.frames.end(this.id);
    else this.host.frames.fail(this.id, error);
    this.#over();
  }

  #answer(): void {
    this.#answered = true;
    this.host.deadlines.remove(this);
  }

  #over(): void {
    if (this.incoming !== undefined) {
      this.dropBodies(new MicrocosmError("cancelled", "the call was answered before its body was read"));
    }
    this.host.forget(this);
  }

  #abort(error: MicrocosmError): void {
    this.#abortedWith ??= error;
    this.#controller?.abort(error);
  }
}

/** What packing a head threw: our own error, or msgpackr's on a value that has no msgpack form. */
export function asMicrocosmError(cause: unknown): MicrocosmError {
  if (cause instanceof MicrocosmError) return cause;
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MicrocosmError("internal", `a head could not be packed: ${what}`, { cause });
}
