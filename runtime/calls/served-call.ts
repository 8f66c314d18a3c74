import { MicrocosmError } from "../../sdk/errors.ts";
import type { RequestInfo, User } from "../../sdk/service.ts";
import type { Random } from "../clock.ts";
import { refusals } from "../policy/retry.ts";
import { noDeadline } from "../policy/timeout.ts";
import type { OwnSpan } from "../telemetry/recorder/own-span.ts";
import type { IncomingBody, IncomingCall, OutgoingBody } from "../transport/transport.ts";
import type { HeaderList } from "./mesh.ts";
import type { ServerTelemetry } from "./server-telemetry.ts";
import { childTraceparent, isTraceparent } from "./trace.ts";
import { type RequestHead, userFromWire } from "./wire.ts";

/** Told when a call's slot is free again, and when its streamed answer is over. */
export interface CallLedger {
  readonly random: Random;
  readonly telemetry: ServerTelemetry | undefined;
  answered(failed: boolean): void;
  streamBegan(): void;
  streamEnded(): void;
}

/**
 * A call that may be handled. Answer it exactly once, with `reply` or `fail`, also when its signal aborted: its place
 * among those handled at once is free only then. Hot path: it is its own RequestInfo, and what a handler may never
 * ask for (user, trace, signal) is made when asked for.
 */
export class ServedCall implements RequestInfo, OwnSpan {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly attempt: number;
  readonly requestId: string | undefined;
  /** Which of the service's routes answers it, from 1; 0 while that is not known. */
  route = 0;
  readonly #incoming: IncomingCall;
  readonly #head: RequestHead;
  readonly #ledger: CallLedger;
  #user: User | undefined;
  #userRead = false;
  #traceparent: string | undefined;
  #answered = false;
  /** Of its span; 0 and unused without telemetry. */
  readonly #span: number = 0;
  /** Whether its caller named a trace. */
  readonly #called: boolean = false;
  readonly #startMs: number = 0;

  constructor(incoming: IncomingCall, head: RequestHead, ledger: CallLedger) {
    this.#incoming = incoming;
    this.#head = head;
    this.#ledger = ledger;
    this.method = head[0];
    this.path = head[1];
    this.headers = head[2];
    this.attempt = head[4];
    this.requestId = head[6] ?? undefined;
    if (ledger.telemetry !== undefined) {
      this.#called = isTraceparent(head[3]);
      this.#span = ledger.telemetry.recorder.begin();
      this.#startMs = ledger.telemetry.recorder.now();
    }
  }

  get body(): IncomingBody {
    return this.#incoming.body;
  }

  get info(): RequestInfo {
    return this;
  }

  get caller(): string {
    return this.#incoming.link.peer.service;
  }

  get callerInstance(): string {
    return this.#incoming.link.peer.instance;
  }

  get user(): User | undefined {
    if (!this.#userRead) {
      this.#user = userFromWire(this.#head[5]);
      this.#userRead = true;
    }
    return this.#user;
  }

  /** Absolute ms; infinite when the caller set none. */
  get deadline(): number {
    return this.#incoming.deadline === 0 ? noDeadline : this.#incoming.deadline;
  }

  /** Names this call's own span: what it causes becomes a child of it. */
  get traceparent(): string {
    this.#traceparent ??= this.#ownTraceparent();
    return this.#traceparent;
  }

  /** As the caller sent it, unchecked: the span this call's own one is a child of. */
  get callerTraceparent(): string {
    return this.#head[3];
  }

  get spanNumber(): number {
    return this.#called ? this.#span : 0;
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** The first answer counts; later ones are ignored. The body of an ignored one is cancelled. */
  reply(status: number, headers: HeaderList, body: OutgoingBody): void {
    if (this.#answered) {
      discard(body);
      return;
    }
    this.#answered = true;
    // Before the answer: a process that dies right after it has told what it did.
    this.#record(status, "");
    this.#incoming.reply([status, headers], body instanceof ReadableStream ? this.#followed(body) : body);
    this.#ledger.answered(status >= 500);
  }

  /**
   * Ends the call without an HTTP answer. A code by which a callee says that it did not begin would make the caller
   * send the call again; here it has begun, so such an error (it comes from a call the handler made) leaves as
   * `handler-failed`. To tell the client more, reply with a problem document.
   */
  fail(error: MicrocosmError): void {
    if (this.#answered) return;
    this.#answered = true;
    const begun = refusals.has(error.code) || error.code === "link-closed";
    this.#record(0, error.code);
    this.#incoming.fail(
      begun
        ? new MicrocosmError("handler-failed", `${error.code}: ${error.message}`, { cause: error })
        : error,
    );
    this.#ledger.answered(true);
  }

  #ownTraceparent(): string {
    const caller = this.#head[3];
    const { telemetry, random } = this.#ledger;
    if (telemetry === undefined) return childTraceparent(caller, random);
    const { recorder } = telemetry;
    return this.#called ? recorder.child(caller, this.#span) : recorder.root(this.#span);
  }

  #record(status: number, code: string): void {
    const { telemetry } = this.#ledger;
    if (telemetry === undefined) return;
    const called = this.#called;
    const context = called ? this.#head[3] : this.traceparent;
    telemetry.ended(context, this.#span, called, this.#startMs, status, code, this);
  }

  /** The answer's stream, counted as under way until it ends; the link cancels it when the caller goes away. */
  #followed(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    this.#ledger.streamBegan();
    let over = false;
    return follow(body, () => {
      if (over) return;
      over = true;
      this.#ledger.streamEnded();
    });
  }
}

/** Passes a stream through without reading ahead, and says once it has ended, failed or been cancelled. */
function follow(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          ended();
          controller.close();
        } catch (error) {
          ended();
          controller.error(error);
        }
      },
      cancel(reason) {
        ended();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function discard(body: OutgoingBody): void {
  // Nobody is left to hear how its cancellation went.
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
}
