import { metric } from "../telemetry/names.ts";
import type { ExponentialHistogram } from "../telemetry/recorder/histogram.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { noParent, parentInContext } from "../telemetry/recorder/ended-span.ts";
import type { Described, SpanShape } from "../telemetry/recorder/span-shape.ts";
import {
  isKnownMethod,
  methodAttributes,
  methodName,
  pathAttributes,
} from "../telemetry/recorder/url-attributes.ts";

export interface ServerTelemetryOptions {
  readonly recorder: Recorder;
  /** The pattern, `/items/{id}`, of a route that a call was told; undefined of none. Asked for once a route. */
  readonly patternOf?: (route: number) => string | undefined;
}

/** What a span says about its call. */
interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly attempt: number;
  /** 0 of a call that no route answered. */
  readonly route: number;
}

/** Spans and durations of the calls that a worker answers (OpenTelemetry's HTTP server conventions). */
export class ServerTelemetry {
  readonly recorder: Recorder;
  readonly #patternOf: (route: number) => string | undefined;
  /** By the route's number. */
  readonly #routes: ServedRoute[] = [];

  constructor(options: ServerTelemetryOptions) {
    this.recorder = options.recorder;
    this.#patternOf = options.patternOf ?? (() => undefined);
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
    const { method, path, attempt, route } = request;
    const served = this.#routes[route] ?? this.#add(route);
    served.durationsOf(method, status).recordWithin(durationMs, context);
    const parent = called ? parentInContext : noParent;
    this.recorder.span(
      served,
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

  #add(route: number): ServedRoute {
    // Without holes, which would make the array slow for ever.
    for (let next = this.#routes.length; next <= route; next++) {
      this.#routes.push(new ServedRoute(this.recorder, next === 0 ? undefined : this.#patternOf(next)));
    }
    return this.#routes[route]!;
  }
}

/** By HTTP status; 0 for calls that ended without one. */
type Durations = (ExponentialHistogram | undefined)[];

class ServedRoute implements SpanShape {
  readonly kind = "server";
  readonly #recorder: Recorder;
  readonly #pattern: string | undefined;
  readonly #byMethod = new Map<string, Durations>();
  /** Most routes know one method. */
  #method = "";
  #durations: Durations = [];

  constructor(recorder: Recorder, pattern: string | undefined) {
    this.#recorder = recorder;
    this.#pattern = pattern;
  }

  durationsOf(method: string, status: number): ExponentialHistogram {
    if (method !== this.#method) {
      const name = isKnownMethod(method) ? method : "_OTHER";
      this.#method = method;
      this.#durations = this.#byMethod.get(name) ?? [];
      this.#byMethod.set(name, this.#durations);
    }
    return this.#durations[status] ?? this.#durationsOf(method, status);
  }

  describe(method: string, path: string, status: number, attempt: number): Described {
    const route = this.#pattern;
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

  #durationsOf(method: string, status: number): ExponentialHistogram {
    const known = isKnownMethod(method) ? method : "_OTHER";
    const durations = this.#recorder.metrics.histogram(metric.serverDuration, "ms", {
      ...(this.#pattern === undefined ? {} : { route: `${known} ${this.#pattern}` }),
      ...(status === 0 ? {} : { status: String(status) }),
      outcome: status === 0 || status >= 500 ? "error" : "ok",
    });
    this.#durations[status] = durations;
    return durations;
  }
}
