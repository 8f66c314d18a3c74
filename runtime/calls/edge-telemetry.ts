import { metric } from "../telemetry/names.ts";
import type { ExponentialHistogram } from "../telemetry/recorder/histogram.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import type { Described, SpanShape } from "../telemetry/recorder/span-shape.ts";
import { fullUrl, methodAttributes, methodName } from "../telemetry/recorder/url-attributes.ts";

/** The call's or attempt's own part: attempts of a call are counted from 1; 0 stands for the call over all of them. */
const wholeCall = 0;

/**
 * Spans and durations of the calls along one edge (OpenTelemetry's HTTP client conventions). A call that needed one
 * attempt is one span; one that needed more is a span over a span for each. A 4xx is an answer and no error here:
 * between services it mostly means what it says.
 */
export class EdgeTelemetry {
  readonly recorder: Recorder;
  readonly #service: string;
  readonly #ok: ExponentialHistogram;
  readonly #failed: ExponentialHistogram;
  readonly #whole: SpanShape;

  constructor(recorder: Recorder, service: string) {
    this.recorder = recorder;
    this.#service = service;
    const durations = (outcome: string) =>
      recorder.metrics.histogram(metric.clientDuration, "ms", { to: service, outcome });
    this.#ok = durations("ok");
    this.#failed = durations("error");
    this.#whole = this.shapeOf(undefined);
  }

  /** Of attempts at one instance. */
  shapeOf(instance: string | undefined): SpanShape {
    const service = this.#service;
    const fixed = {
      "server.service.name": service,
      "server.address": service,
      ...(instance === undefined ? {} : { "microcosm.peer.instance": instance }),
    };
    return {
      kind: "client",
      describe(method: string, path: string, status: number, attempt: number): Described {
        return {
          name: `${methodName(method)} ${service}`,
          attributes: {
            ...methodAttributes(method),
            "url.full": fullUrl(service, path),
            ...fixed,
            ...(status === 0 ? {} : { "http.response.status_code": status }),
            ...(attempt > 1 ? { "http.request.resend_count": attempt - 1 } : {}),
          },
        };
      },
    };
  }

  /** An attempt that was sent is over; counted per attempt, also when it is the call's only one. */
  attemptEnded(context: string, durationMs: number, failure: string): void {
    (failure === "" ? this.#ok : this.#failed).recordWithin(durationMs, context);
  }

  /** A call over several attempts, or one that found nobody to be sent to. */
  callEnded(
    context: string,
    span: number,
    parent: number,
    startMs: number,
    failure: string,
    method: string,
    path: string,
    status: number,
  ): void {
    const durationMs = this.recorder.now() - startMs;
    this.recorder.span(
      this.#whole,
      context,
      span,
      parent,
      startMs,
      durationMs,
      failure,
      method,
      path,
      status,
      wholeCall,
    );
  }
}
