import { metric } from "../telemetry/names.ts";
import type { ExponentialHistogram } from "../telemetry/recorder/histogram.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { noParent, parentInContext } from "../telemetry/recorder/span-ring.ts";
import type { Described, SpanShape } from "../telemetry/recorder/span-shape.ts";
import { methodAttributes, methodName, pathAttributes } from "../telemetry/recorder/url-attributes.ts";

export interface ServerTelemetryOptions {
  readonly recorder: Recorder;
  /** The pattern of the route that answers, `/items/{id}`; undefined when none does. Asked for few calls only. */
  readonly routeOf?: (method: string, path: string) => string | undefined;
}

/** What a span says about its call. */
interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly attempt: number;
}

/** Spans and durations of the calls that a worker answers (OpenTelemetry's HTTP server conventions). */
export class ServerTelemetry implements SpanShape {
  readonly kind = "server";
  readonly recorder: Recorder;
  readonly #routeOf: (method: string, path: string) => string | undefined;
  /** By HTTP status; 0 for calls that ended without one. */
  readonly #durations: (ExponentialHistogram | undefined)[] = [];

  constructor(options: ServerTelemetryOptions) {
    this.recorder = options.recorder;
    this.#routeOf = options.routeOf ?? (() => undefined);
  }

  /** `context` names the caller's span when `called`, else it is the span's own. `status` 0: ended with `code`. */
  ended(
    context: string,
    span: number,
    called: boolean,
    startMs: number,
    status: number,
    code: string,
    request: ServedRequest,
  ): void {
    const durationMs = this.recorder.now() - startMs;
    const failure = status >= 500 ? String(status) : code;
    (this.#durations[status] ?? this.#durationsOf(status)).recordWithin(durationMs, context);
    const parent = called ? parentInContext : noParent;
    const { method, path, attempt } = request;
    this.recorder.span(
      this,
      context,
      span,
      parent,
      startMs,
      durationMs,
      failure,
      method,
      path,
      status,
      attempt,
    );
  }

  describe(method: string, path: string, status: number, attempt: number): Described {
    const route = this.#routeOf(method, path);
    return {
      name: route === undefined ? methodName(method) : `${methodName(method)} ${route}`,
      attributes: {
        ...methodAttributes(method),
        ...pathAttributes(path),
        "url.scheme": "http",
        ...(route === undefined ? {} : { "http.route": route }),
        ...(status === 0 ? {} : { "http.response.status_code": status }),
        ...(attempt > 1 ? { "microcosm.attempt": attempt } : {}),
      },
    };
  }

  #durationsOf(status: number): ExponentialHistogram {
    const outcome = status === 0 || status >= 500 ? "error" : "ok";
    const labels = status === 0 ? { outcome } : { status: String(status), outcome };
    const durations = this.recorder.metrics.histogram(metric.serverDuration, "ms", labels);
    this.#durations[status] = durations;
    return durations;
  }
}
