import { metric } from "../runtime/telemetry/names.ts";
import type { ExponentialHistogram } from "../runtime/telemetry/recorder/histogram.ts";
import type { Counter } from "../runtime/telemetry/recorder/metrics.ts";
import type { Recorder } from "../runtime/telemetry/recorder/recorder.ts";
import { noParent, parentInContext } from "../runtime/telemetry/recorder/ended-span.ts";
import type { Described, SpanShape } from "../runtime/telemetry/recorder/span-shape.ts";
import { isContext } from "../runtime/telemetry/recorder/trace-context.ts";
import {
  isKnownMethod,
  methodAttributes,
  methodName,
  pathAttributes,
} from "../runtime/telemetry/recorder/url-attributes.ts";
import type { Exchange } from "./exchange.ts";
import type { Traces } from "./middleware/trace.ts";

/** What a request was routed to: a path of the topology, or a word for what is none. */
interface RouteName {
  /** `/v1/products/{id}`; undefined for what is no route. */
  readonly path: string | undefined;
  /** `static`, `health`, `unmatched`: the name in metrics when there is no path. */
  readonly word: string;
}

/**
 * Spans and durations of the gateway's requests (OpenTelemetry's HTTP server conventions), and the cache's outcomes. The
 * root of most traces is here, and with it the decision whether a trace is sampled at its head.
 */
export class GatewayTelemetry implements Traces {
  readonly #recorder: Recorder;
  readonly #routes: readonly RouteTelemetry[];

  /** `routes` by their place in the gateway's metrics. */
  constructor(recorder: Recorder, routes: readonly RouteName[]) {
    this.#recorder = recorder;
    this.#routes = routes.map((route) => new RouteTelemetry(recorder, route));
  }

  begin(x: Exchange): void {
    const span = this.#recorder.begin();
    x.span = span;
    if (x.clientTrace !== "" && isContext(x.clientTrace)) {
      x.traceparent = this.#recorder.child(x.clientTrace, span);
    } else {
      x.clientTrace = "";
      x.traceparent = this.#recorder.root(span);
    }
  }

  ended(x: Exchange, status: number, durationMs: number): void {
    const route = this.#routes[x.route]!;
    const { method, traceparent, clientTrace } = x;
    route.durationsOf(method, status).recordWithin(durationMs, traceparent);
    const isRoot = clientTrace === "";
    this.#recorder.span(
      route,
      isRoot ? traceparent : clientTrace,
      x.span,
      isRoot ? noParent : parentInContext,
      performance.timeOrigin + x.startedAt,
      durationMs,
      status >= 500 ? String(status) : "",
      method,
      x.query === "" ? x.path : x.path + x.query,
      status,
      0,
    );
  }

  /** Counts what the cache of a route did. */
  cacheCounter(route: string, result: "hit" | "miss"): Counter {
    return this.#recorder.metrics.counter(metric.cacheRequests, "{request}", { route, result });
  }
}

class RouteTelemetry implements SpanShape {
  readonly kind = "server";
  readonly #recorder: Recorder;
  readonly #route: RouteName;
  /** By method, then by status. */
  readonly #durations = new Map<string, (ExponentialHistogram | undefined)[]>();

  constructor(recorder: Recorder, route: RouteName) {
    this.#recorder = recorder;
    this.#route = route;
  }

  durationsOf(method: string, status: number): ExponentialHistogram {
    return this.#durations.get(method)?.[status] ?? this.#addDurations(method, status);
  }

  describe(method: string, path: string, status: number): Described {
    const route = this.#route.path;
    const safe = methodName(method);
    return {
      name: route === undefined ? safe : `${safe} ${route}`,
      attributes: {
        ...methodAttributes(method),
        ...pathAttributes(path),
        ...(route === undefined ? {} : { "http.route": route }),
        "http.response.status_code": status,
        "url.scheme": "http",
      },
    };
  }

  #addDurations(method: string, status: number): ExponentialHistogram {
    const safe = isKnownMethod(method) ? method : "_OTHER";
    const route = this.#route.path === undefined ? this.#route.word : `${safe} ${this.#route.path}`;
    const outcome = status >= 500 ? "error" : "ok";
    const durations = this.#recorder.metrics.histogram(metric.serverDuration, "ms", {
      route,
      status: String(status),
      outcome,
    });
    if (isKnownMethod(method)) {
      const ofMethod = this.#durations.get(method) ?? [];
      ofMethod[status] = durations;
      this.#durations.set(method, ofMethod);
    }
    return durations;
  }
}
