import { noParent, parentInContext } from "../telemetry/recorder/ended-span.ts";
import type { SpanShape } from "../telemetry/recorder/span-shape.ts";
import type { EdgeTelemetry } from "./edge-telemetry.ts";
import type { CallRequest } from "./mesh.ts";

/**
 * The spans of one call while it is under way. Whether an attempt is the call's only one is known when it is over, so an
 * attempt's span is kept until then: it is the call's own span, or a child of one made for the second attempt.
 */
export class CallSpan {
  readonly #telemetry: EdgeTelemetry;
  readonly #request: CallRequest;
  /** Names the span that the call belongs to; of a trace that the call begins, its first span. */
  #context: string;
  readonly #parent: number;
  readonly #startMs: number;
  /** Of the call over several attempts; 0 while there is no second one. */
  #whole = 0;
  /** Of the present attempt; 0 when none was sent since the last one was recorded. */
  #attempt = 0;
  #attempts = 0;
  #attemptStartMs = 0;
  #attemptMs = 0;
  #failure = "";
  #shape: SpanShape | undefined = undefined;

  constructor(telemetry: EdgeTelemetry, request: CallRequest, context: string) {
    this.#telemetry = telemetry;
    this.#request = request;
    this.#context = context;
    this.#parent = context === "" ? noParent : parentInContext;
    this.#startMs = telemetry.recorder.now();
  }

  /** Returns the traceparent to send. `waited`: the call did not go out in the turn it was made in. */
  sent(shape: SpanShape, waited: boolean): string {
    const { recorder } = this.#telemetry;
    if (this.#attempts > 0) this.#recordAttempt(0);
    this.#attempts++;
    this.#attempt = recorder.begin();
    this.#shape = shape;
    this.#attemptStartMs = waited ? recorder.now() : this.#startMs;
    if (this.#context === "") this.#context = recorder.root(this.#attempt);
    return recorder.child(this.#context, this.#attempt);
  }

  /** The attempt is over. `failure`: an error code, the status of a failed answer, or "". */
  ended(failure: string): void {
    this.#attemptMs = this.#telemetry.recorder.now() - this.#attemptStartMs;
    this.#failure = failure;
    this.#telemetry.attemptEnded(this.#context, this.#attemptMs, failure);
  }

  /** The call is over, with the answer's status, or 0 and the error's code. */
  settled(status: number, failure: string): void {
    const { method, path } = this.#request;
    if (this.#attempts === 1 && this.#whole === 0) {
      // From its beginning to its end: waiting for an instance or a link is part of the call.
      const endMs = status > 0 ? this.#attemptStartMs + this.#attemptMs : this.#telemetry.recorder.now();
      const durationMs = endMs - this.#startMs;
      this.#put(this.#parent, this.#startMs, durationMs, failure, status);
      return;
    }
    if (this.#attempts > 0) this.#recordAttempt(status);
    const span = this.#whole === 0 ? this.#telemetry.recorder.begin() : this.#whole;
    if (this.#context === "") this.#context = this.#telemetry.recorder.root(span);
    const [context, parent, startMs] = [this.#context, this.#parent, this.#startMs];
    this.#telemetry.callEnded(context, span, parent, startMs, failure, method, path, status);
  }

  #recordAttempt(status: number): void {
    if (this.#attempt === 0) return;
    if (this.#whole === 0) this.#whole = this.#telemetry.recorder.begin();
    this.#put(this.#whole, this.#attemptStartMs, this.#attemptMs, this.#failure, status);
    this.#attempt = 0;
  }

  #put(parent: number, startMs: number, durationMs: number, failure: string, status: number): void {
    const { method, path } = this.#request;
    this.#telemetry.recorder.span(
      this.#shape!,
      this.#context,
      this.#attempt,
      parent,
      startMs,
      durationMs,
      failure,
      method,
      path,
      status,
      this.#attempts,
    );
  }
}
