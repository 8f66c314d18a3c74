import { type ErrorCode, MicrocosmError } from "../../sdk/errors.ts";
import type { CallSignal } from "../call-signal.ts";
import type { Clock, Random } from "../clock.ts";
import { admitAll } from "../policy/policy.ts";
import { giveUp, isIdempotent, retryDelay } from "../policy/retry.ts";
import { isExpired, noDeadline } from "../policy/timeout.ts";
import type { RegistryView } from "../registry/view.ts";
import type { IncomingBody, Link, ReplySink } from "../transport/transport.ts";
import { CallSpan } from "./call-span.ts";
import type { Endpoint, LinkWaiter } from "./endpoint.ts";
import type { CallContext, CallReceiver, CallRequest } from "./mesh.ts";
import type { Target } from "./target.ts";
import { newTraceparent } from "./trace.ts";
import { isReplyHead, type RequestHead, userToWire } from "./wire.ts";

export interface CallHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly view: RegistryView;
  /** Calls that wait for an instance, a link or their backoff; `stop` ends them. */
  readonly parked: Set<PendingCall>;
}

/** What the instance or its link is to blame for, as the balancer sees it; a handler's own failure is an answer. */
const instanceFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "link-closed",
  "bad-frame",
  "deadline-exceeded",
  "overloaded",
  "no-ready-instance",
]);

/** setTimeout fires at once beyond this. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * One call over all its attempts.
 *
 * ```
 *             ┌──────────── backoff ◀───────────┐
 *             ▼                                 │ retryDelay
 * next ──▶ choosing ──▶ connecting ──▶ sent ──▶ failed ──▶ settled
 *             │ ▲                       └── reply ──────────▶ settled
 *             ▼ │ ready
 *         awaiting an instance
 * ```
 *
 * Hot path (an instance is ready, its link open): this object, its span and the wire head are all that is
 * made; the object is the link's sink and the abort listener too, so there is no closure per call.
 */
export class PendingCall implements ReplySink, LinkWaiter {
  readonly #receiver: CallReceiver;
  readonly #host: CallHost;
  readonly #target: Target;
  readonly #request: CallRequest;
  readonly #context: CallContext;
  readonly #deadline: number;
  readonly #signal: CallSignal | undefined;
  readonly #span: CallSpan | undefined;
  /** It could not go out in the turn it was made in. */
  #waited = false;
  #endpoint: Endpoint | undefined = undefined;
  #link: Link | undefined = undefined;
  #stream = 0;
  #startedAt = 0;
  #attempts = 0;
  #failures = 0;
  #tried: Endpoint[] | undefined = undefined;
  #lastError: MicrocosmError | undefined = undefined;
  #cancelTimer: (() => void) | undefined = undefined;
  /** What failed while link.call ran: nothing left then. */
  #unsent: MicrocosmError | undefined = undefined;
  #state: "waiting" | "sending" | "sent" | "settled" = "waiting";

  constructor(
    host: CallHost,
    target: Target,
    request: CallRequest,
    context: CallContext,
    deadline: number,
    receiver: CallReceiver,
  ) {
    this.#receiver = receiver;
    this.#host = host;
    this.#target = target;
    this.#request = request;
    this.#context = context;
    this.#deadline = deadline;
    this.#signal = context.signal;
    const { telemetry } = target;
    this.#span = telemetry && new CallSpan(telemetry, request, context.traceparent);
  }

  /** `now` is the time, known already. */
  start(now: number): void {
    if (this.#signal?.aborted) {
      this.#settle(new MicrocosmError("cancelled", `${this.#what()} was cancelled before it began`));
      return;
    }
    this.#signal?.addEventListener("abort", this);
    this.#next(now);
  }

  /** The client stops. */
  abandon(error: MicrocosmError): void {
    this.#settle(error);
  }

  /** The signal aborted: the caller is gone, and so must be all that was done for it. */
  handleEvent(): void {
    this.#signal?.removeEventListener("abort", this);
    // Before settling, which forgets the link; the sink's `cancelled` that this may cause is the outcome.
    this.#link?.cancel(this.#stream);
    this.#settle(new MicrocosmError("cancelled", `${this.#what()} was cancelled by its caller`));
  }

  connected(link: Link): void {
    if (this.#state !== "waiting") return;
    this.#unpark();
    const now = this.#host.clock.now();
    if (isExpired(this.#deadline, now)) this.#settle(this.#outOfTime());
    else if (link.open) this.#send(link, now);
    else this.#failed(new MicrocosmError("link-closed", "the link closed as soon as it was made"), false);
  }

  connectFailed(error: MicrocosmError): void {
    if (this.#state !== "waiting") return;
    this.#unpark();
    this.#failed(error, false);
  }

  reply(head: unknown, body: IncomingBody): void {
    if (this.#state === "settled") {
      // Nobody is left to hear how its cancellation went.
      if (body instanceof ReadableStream) body.cancel().catch(() => {});
      return;
    }
    const endpoint = this.#endpoint!;
    if (!isReplyHead(head)) {
      this.#ended(false, "bad-frame");
      this.#settle(new MicrocosmError("bad-frame", `${endpoint.id} answered with a head of another shape`));
      return;
    }
    this.#ended(true, undefined, head[0]);
    this.#span?.settled(head[0], failureOf(undefined, head[0]));
    this.#state = "settled";
    // A streamed answer still has its body to come, and an abort must reach its producer.
    if (!(body instanceof ReadableStream)) this.#signal?.removeEventListener("abort", this);
    this.#receiver.replied({ status: head[0], headers: head[1], body, instance: endpoint.id });
  }

  fail(error: MicrocosmError): void {
    if (this.#state === "settled") return;
    if (this.#state === "sending") {
      this.#unsent = error;
      return;
    }
    this.#ended(!instanceFaults.has(error.code), error.code);
    this.#failed(error, true);
  }

  #next(now: number): void {
    if (isExpired(this.#deadline, now)) {
      this.#settle(this.#outOfTime());
      return;
    }
    const key = this.#target.keyOf(this.#request, this.#context);
    const endpoint = this.#target.pick(this.#tried, key, now);
    if (endpoint === undefined) {
      this.#awaitInstance();
      return;
    }
    this.#endpoint = endpoint;
    const link = endpoint.link;
    if (link?.open) this.#send(link, now);
    else {
      this.#park(this.#deadline - now, () => this.#settle(this.#outOfTime()));
      endpoint.connect(this);
    }
  }

  #send(link: Link, now: number): void {
    const endpoint = this.#endpoint!;
    const request = this.#request;
    const context = this.#context;
    if (this.#target.policies.length > 0) {
      const refusal = admitAll(this.#target.policies, now);
      if (refusal !== undefined) {
        this.#settle(refusal);
        return;
      }
    }
    this.#attempts++;
    const span = this.#span;
    const head: RequestHead = [
      request.method,
      request.path,
      request.headers,
      span === undefined ? this.#traceparent() : span.sent(this.#target.shapeOf(endpoint), this.#waited),
      this.#attempts,
      userToWire(context.user),
      context.requestId ?? null,
    ];
    this.#link = link;
    this.#startedAt = now;
    this.#state = "sending";
    endpoint.pending++;
    endpoint.used = true;
    const deadline = this.#deadline === noDeadline ? 0 : this.#deadline;
    this.#stream = link.call(head, request.body, deadline, this);
    if (this.#unsent !== undefined) this.#notSent(this.#unsent);
    else if (this.#state === "sending") this.#state = "sent";
  }

  #traceparent(): string {
    const { traceparent } = this.#context;
    return traceparent === "" ? newTraceparent(this.#host.random) : traceparent;
  }

  /** The link refused the call on the spot: it closed this moment, or too much waits on it. */
  #notSent(error: MicrocosmError): void {
    this.#unsent = undefined;
    this.#attempts--;
    this.#ended(false, error.code);
    // A streamed body was cancelled with the refusal, and so is gone all the same.
    this.#failed(error, this.#request.body instanceof ReadableStream);
  }

  /** An attempt that was sent is over; its endpoint and the policies hear of it once. */
  #ended(ok: boolean, code?: ErrorCode, status?: number): void {
    const endpoint = this.#endpoint!;
    const { balancer, policies } = this.#target;
    this.#span?.ended(failureOf(code, status));
    endpoint.pending--;
    this.#state = "waiting";
    if (balancer.observe === undefined && policies.length === 0) return;
    const now = this.#host.clock.now();
    const durationMs = now - this.#startedAt;
    // A caller that left early would make a slow instance look fast.
    if (code !== "cancelled") balancer.observe?.(endpoint, durationMs, ok, now);
    if (policies.length === 0) return;
    const outcome = code !== undefined ? { code, durationMs } : { status: status!, durationMs };
    for (const policy of policies) policy.ended?.(outcome, now);
  }

  #failed(error: MicrocosmError, sent: boolean): void {
    this.#lastError = error;
    this.#link = undefined;
    this.#failures++;
    this.#tried ??= [];
    this.#tried.push(this.#endpoint!);
    const othersLeft = this.#target.hasOthers(this.#tried);
    const { method, headers, body } = this.#request;
    const idempotent = isIdempotent(method, headers);
    this.#waited = true;
    const delayMs = retryDelay(
      {
        code: error.code,
        sent,
        idempotent,
        bodyReusable: !(body instanceof ReadableStream),
        attempts: this.#attempts,
        failures: this.#failures,
        retries: this.#target.policy.retries,
        othersLeft,
      },
      this.#host.random,
    );
    if (delayMs === giveUp || (sent && !this.#policiesAllowRetry())) {
      this.#settle(this.#explained(error, sent && !idempotent));
    } else if (delayMs === 0) {
      this.#next(this.#host.clock.now());
    } else {
      this.#backOff(delayMs);
    }
  }

  #policiesAllowRetry(): boolean {
    const { policies } = this.#target;
    if (policies.length === 0) return true;
    const now = this.#host.clock.now();
    return policies.every((policy) => policy.allowsRetry?.(now) !== false);
  }

  /** Everyone has been tried: after a pause all are candidates again. */
  #backOff(delayMs: number): void {
    const remainingMs = this.#deadline - this.#host.clock.now();
    if (delayMs >= remainingMs) {
      this.#settle(this.#explained(this.#lastError!, false));
      return;
    }
    this.#park(delayMs, () => {
      this.#unpark();
      this.#tried = undefined;
      this.#next(this.#host.clock.now());
    });
  }

  #awaitInstance(): void {
    this.#waited = true;
    this.#host.parked.add(this);
    this.#host.view.waitReady(this.#target.service, this.#deadline, this.#signal).then(
      () => {
        if (this.#state !== "waiting") return;
        this.#unpark();
        this.#tried = undefined;
        this.#next(this.#host.clock.now());
      },
      (error: MicrocosmError) => {
        if (this.#lastError === undefined) this.#settle(error);
        else this.#settle(new MicrocosmError(error.code, error.message, { cause: this.#lastError }));
      },
    );
  }

  #park(ms: number, work: () => void): void {
    this.#waited = true;
    this.#host.parked.add(this);
    this.#cancelTimer = ms > longestTimerMs ? undefined : this.#host.clock.after(ms, work);
  }

  #unpark(): void {
    this.#host.parked.delete(this);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #settle(error: MicrocosmError): void {
    if (this.#state === "settled") return;
    if (this.#state !== "waiting") this.#ended(true, "cancelled");
    this.#span?.settled(0, failureOf(error.code));
    this.#state = "settled";
    this.#unpark();
    this.#signal?.removeEventListener("abort", this);
    this.#receiver.failed(error);
  }

  #outOfTime(): MicrocosmError {
    const where = this.#endpoint === undefined ? "before it was sent" : `waiting for ${this.#endpoint.id}`;
    const message = `${this.#what()} ran out of time ${where}`;
    return new MicrocosmError("deadline-exceeded", message, { cause: this.#lastError });
  }

  #explained(error: MicrocosmError, unsafe: boolean): MicrocosmError {
    if (error.code !== "link-closed" && error.code !== "deadline-exceeded") return error;
    const attempts = this.#attempts > 1 ? ` (attempt ${this.#attempts})` : "";
    const why = unsafe
      ? `; not sent again, as a ${this.#request.method} without an idempotency-key may have taken effect`
      : "";
    const message = `${this.#what()} at ${this.#endpoint!.id}${attempts}: ${error.message}${why}`;
    return new MicrocosmError(error.code, message, { cause: error });
  }

  #what(): string {
    return `${this.#request.method} ${this.#target.service}${this.#request.path}`;
  }
}

/** Of a span: "" for none. A caller that leaves is no failure of whom it called. */
function failureOf(code: ErrorCode | undefined, status = 0): string {
  if (code === undefined) return status >= 500 ? String(status) : "";
  return code === "cancelled" ? "" : code;
}
