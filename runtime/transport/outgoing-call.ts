import { MicrocosmError } from "../../sdk/errors.ts";
import { Exchange, type LinkHost, toChunked } from "./exchange.ts";
import type { OutgoingBody, ReplySink } from "./transport.ts";

export interface OutgoingCallHost extends LinkHost {
  /** A call got its outcome. */
  settled(): void;
}

/**
 * A call made by this end.
 *
 * ```
 *             reply, whole ────────────────────────────▶ over
 * pending ─┬─ reply, streamed ─▶ settled ── end, fail ──▶ over
 *          └─ fail, cancel, deadline, link closed ──────▶ over
 * ```
 * The call is over with its reply: a request's body still being sent then has nobody left to read it, and is cancelled.
 */
export class OutgoingCall extends Exchange {
  declare readonly host: OutgoingCallHost;
  readonly #sink: ReplySink;
  #settled = false;

  constructor(host: OutgoingCallHost, id: number, deadline: number, sink: ReplySink) {
    super(host, id, deadline);
    this.#sink = sink;
  }

  /** Called after the call's frame, when the body did not fit in it. */
  sendBody(body: OutgoingBody): void {
    this.sendStream(toChunked(body));
  }

  onReply(head: unknown, body: Uint8Array, streamed: boolean): void {
    if (this.#settled) return;
    this.#settle();
    if (streamed) {
      this.#sink.reply(head, this.receiveStream());
      return;
    }
    this.#over();
    this.#sink.reply(head, body);
  }

  override onFail(error: MicrocosmError): void {
    this.#breakOff(error);
  }

  override onEnd(): void {
    if (this.incoming === undefined) return;
    this.incoming.end();
    this.incoming = undefined;
    this.#over();
  }

  onStop(): void {
    this.outgoing?.cancel(new MicrocosmError("cancelled", "the callee reads no more of the request's body"));
    this.outgoing = undefined;
  }

  override onClosed(error: MicrocosmError): void {
    this.#breakOff(error);
  }

  /** The caller wants no answer, or no more of it. */
  cancel(error: MicrocosmError): void {
    this.host.frames.cancel(this.id);
    this.#breakOff(error);
  }

  override expire(): void {
    this.cancel(new MicrocosmError("deadline-exceeded", `no reply from ${this.host.peer.instance} in time`));
  }

  override bodyAbandoned(): void {
    this.incoming = undefined;
    this.host.frames.cancel(this.id);
    this.#over();
  }

  override bodySent(error: MicrocosmError | undefined): void {
    this.outgoing = undefined;
    if (error === undefined) this.host.frames.end(this.id);
    else this.host.frames.fail(this.id, error);
  }

  #breakOff(error: MicrocosmError): void {
    this.dropBodies(error);
    this.host.forget(this);
    if (this.#settled) return;
    this.#settle();
    this.#sink.fail(error);
  }

  #over(): void {
    if (this.outgoing !== undefined) {
      this.dropBodies(
        new MicrocosmError("cancelled", "the callee answered without reading the whole request"),
      );
    }
    this.host.forget(this);
  }

  #settle(): void {
    this.#settled = true;
    this.host.deadlines.remove(this);
    this.host.settled();
  }
}
