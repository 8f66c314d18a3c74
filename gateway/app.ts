import { type Handler, Hono } from "hono";
import type { WorkerRuntime } from "../runtime/worker/role.ts";
import type { GatewayConfig, RouteConfig } from "../runtime/topology/model.ts";
import { aggregateOrigin } from "./aggregate.ts";
import type { GatewayBounds } from "./bounds.ts";
import type { Answered, Exchange, Guard, Target } from "./exchange.ts";
import { FailureLog } from "./failure-log.ts";
import { healthTarget, readyTarget, routedServices } from "./health.ts";
import { KeySet } from "./key-set.ts";
import { GatewayMetrics } from "./metrics.ts";
import { authGuard, TokenVerifier } from "./middleware/auth.ts";
import { RouteCache } from "./middleware/cache.ts";
import { Compression } from "./middleware/compression.ts";
import { Cors } from "./middleware/cors.ts";
import { rateLimitGuard } from "./middleware/rate-limit.ts";
import { BodyReader } from "./middleware/request-body.ts";
import { StaticFiles } from "./middleware/static-files.ts";
import { type Origin, serviceOrigin } from "./origins.ts";
import { compareSpecificity, honoPattern } from "./path.ts";
import { problemOf } from "./problems.ts";
import { PassedTraces, type Traces } from "./middleware/trace.ts";
import { Responder } from "./responder.ts";
import type { BadRequest } from "./http/request-head.ts";
import { compileHandler, originTarget, type RouteHandler, serviceTarget } from "./route-handler.ts";
import { RouteTable } from "./routes.ts";
import { LiveStreams } from "./streams.ts";
import { GatewayTelemetry } from "./telemetry.ts";

type AppRuntime = Pick<WorkerRuntime, "mesh" | "log" | "clock" | "random" | "isReady" | "recorder">;

/** Rows of the metrics that are no routes. */
const builtIn = ["unmatched", "static", "health"] as const;

/**
 * The gateway without its socket: what each request goes through.
 *
 * Routes stand in a Hono app, and its router finds them. Its `fetch` is not used: it makes a context for handlers that
 * are written by hand and a Response that would be taken apart again; the handlers here are compiled and need neither.
 */
export class GatewayApp {
  readonly metrics: GatewayMetrics;
  readonly streams = new LiveStreams();
  /** Caches of routes, to be purged by events. */
  readonly caches: readonly RouteCache[];
  draining = false;

  readonly #config: GatewayConfig;
  readonly #runtime: AppRuntime;
  readonly #bounds: GatewayBounds;
  readonly #telemetry: GatewayTelemetry | undefined;
  readonly #traces: Traces;
  readonly #responder: Responder;
  readonly #failures: FailureLog;
  readonly #cors: Cors | undefined;
  readonly #compression: Compression | undefined;
  readonly #bodies: BodyReader;
  readonly #verifier: TokenVerifier | undefined;
  readonly #table: RouteTable;
  readonly #static: StaticFiles;
  readonly #hono: Hono;
  readonly #caches: RouteCache[] = [];

  constructor(config: GatewayConfig, runtime: AppRuntime, bounds: GatewayBounds) {
    this.#config = config;
    this.#runtime = runtime;
    this.#bounds = bounds;
    const routes = [...config.routes].sort((a, b) => compareSpecificity(a.path, b.path));
    this.metrics = new GatewayMetrics([
      ...builtIn,
      ...routes.map((route) => `${route.methods} ${route.path}`),
    ]);
    const { recorder, random } = runtime;
    this.#telemetry =
      recorder &&
      new GatewayTelemetry(recorder, [
        ...builtIn.map((word) => ({ path: undefined, word })),
        ...routes.map(({ path }) => ({ path, word: path })),
      ]);
    this.#traces = this.#telemetry ?? new PassedTraces(random);
    this.#cors = config.cors === undefined ? undefined : new Cors(config.cors);
    this.#compression = config.compression ? new Compression(bounds) : undefined;
    this.#responder = new Responder({
      metrics: this.metrics,
      traces: this.#traces,
      streams: this.streams,
      bounds,
      cors: this.#cors,
      compression: this.#compression,
    });
    this.#failures = new FailureLog(runtime.log, runtime.clock, bounds.failureLogIntervalMs);
    this.#bodies = new BodyReader(config.limits, bounds.bufferedBodyBytes, runtime.clock);
    this.#verifier = this.#makeVerifier();
    this.#table = new RouteTable(routes);
    this.#static = new StaticFiles(config.static, this.#responder, this.#compression, bounds);
    this.#hono = this.#makeHono(routes);
    this.caches = this.#caches;
  }

  /** Answers one request, now or later, through its client. Never throws. */
  readonly handle = (x: Exchange): void => {
    try {
      this.#open(x);
      if (x.method === "OPTIONS" && this.#cors?.isPreflight(x) === true) {
        this.#responder.send(x, 204, this.#cors.preflight(x), null);
        return;
      }
      const handler = this.#find(x.method, x.path);
      const answer = handler === undefined ? this.#unmatched(x) : handler(x);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#failed(x, error, "the gateway"));
    } catch (error) {
      this.#failed(x, error, "the gateway");
    }
  };

  /** Answers for a request that could not be read. */
  readonly refuse = (x: Exchange, { status, type, message }: BadRequest): void => {
    if (x.traceparent === "") this.#open(x);
    this.#responder.problem(x, { status, type, detail: message });
  };

  #open(x: Exchange): void {
    this.#traces.begin(x);
    // The trace's id is as good an id as any, and one look-up leads from a problem to its trace.
    if (x.requestId === "") x.requestId = x.traceparent.slice(3, 35);
  }

  /** GET answers HEAD as well, unless a route is for HEAD itself. */
  #find(method: string, path: string): RouteHandler | undefined {
    const found = this.#match(method, path);
    return found === undefined && method === "HEAD" ? this.#match("GET", path) : found;
  }

  #match(method: string, path: string): RouteHandler | undefined {
    const handlers = this.#hono.router.match(method, path)[0];
    return handlers.length === 0 ? undefined : (handlers[0]![0][0] as unknown as RouteHandler);
  }

  #makeVerifier(): TokenVerifier | undefined {
    const { auth } = this.#config;
    if (auth === undefined) return undefined;
    const { mesh, clock } = this.#runtime;
    const keys = new KeySet({ jwks: auth.jwks, mesh, clock, bounds: this.#bounds });
    return new TokenVerifier(auth, keys, clock, this.#bounds.tokenCacheEntries);
  }

  #makeHono(routes: readonly RouteConfig[]): Hono {
    const hono = new Hono();
    const responder = this.#responder;
    const ready = readyTarget(
      routedServices(this.#config),
      (service) => this.#runtime.isReady(service),
      () => this.draining,
      responder,
    );
    const add = (methods: readonly string[], path: string, handler: RouteHandler) => {
      hono.on([...methods], path, handler as unknown as Handler);
    };
    add(["GET"], "/healthz", compileHandler(2, [], healthTarget(responder)));
    add(["GET"], "/readyz", compileHandler(2, [], ready));
    routes.forEach((route, index) => {
      const handler = compileHandler(builtIn.length + index, this.#guards(route), this.#target(route));
      add(route.methods, honoPattern(route.path), handler);
    });
    return hono;
  }

  /** In the order they run: what costs least, and keeps most away, first. */
  #guards(route: RouteConfig): Guard[] {
    const { rateLimit } = route;
    const guards: (Guard | undefined)[] = [];
    const limit =
      rateLimit &&
      rateLimitGuard(rateLimit, this.#runtime.clock, this.#bounds.rateLimitBuckets, this.#responder);
    if (rateLimit?.by === "address") guards.push(limit);
    if (route.auth !== "none") {
      if (this.#verifier === undefined) {
        throw new TypeError(`route ${route.path}: auth is ${route.auth}, and gateway.auth is missing`);
      }
      guards.push(authGuard(route, this.#verifier, this.#responder, this.#config.auth!.audience));
    }
    if (rateLimit?.by === "user") guards.push(limit);
    return guards.filter((guard) => guard !== undefined);
  }

  #target(route: RouteConfig): Target {
    const { mesh, clock } = this.#runtime;
    const { target } = route;
    const responder = this.#responder;
    let origin: Origin;
    let service: string;
    if (target.kind === "service") {
      service = target.service;
      const behind = serviceOrigin(route, target, { mesh, clock, bodies: this.#bodies });
      if (route.cache === undefined) {
        return serviceTarget(behind, this.#bodies, responder, (x, error) => this.#failed(x, error, service));
      }
      origin = behind.ask;
    } else {
      service = "one of its services";
      origin = aggregateOrigin(route, target.parts, {
        mesh,
        clock,
        maxPartBytes: this.#bounds.partBodyBytes,
      });
    }
    const failed = (x: Exchange, error: unknown) => this.#failed(x, error, service);
    const plain = originTarget(origin, responder, failed);
    if (route.cache === undefined) return plain;
    const cache = new RouteCache(route, route.cache, {
      origin,
      clock,
      bounds: this.#bounds,
      compression: this.#compression,
      counted: this.#cacheCounter(route),
    });
    this.#caches.push(cache);
    return cache.target(responder, plain, failed);
  }

  #failed(x: Exchange, error: unknown, service: string): Answered {
    this.#failures.add(x, error, service);
    return this.#responder.problem(x, problemOf(error, service));
  }

  #cacheCounter({ path }: RouteConfig): ((outcome: "hit" | "miss") => void) | undefined {
    const hits = this.#telemetry?.cacheCounter(path, "hit");
    const misses = this.#telemetry?.cacheCounter(path, "miss");
    return hits && misses && ((outcome) => (outcome === "hit" ? hits : misses).add());
  }

  /** No route: another method of one, a file, or nothing. */
  #unmatched(x: Exchange): Answered | Promise<Answered> {
    const allowed = this.#table.methodsOf(x.path);
    if (allowed.length > 0) {
      const allow = ["allow", allowed.join(", ")];
      if (x.method === "OPTIONS") return this.#responder.send(x, 204, allow, null);
      const detail = `${x.path} takes ${allowed.join(", ")}.`;
      return this.#responder.problem(x, { status: 405, type: "method-not-allowed", detail }, allow);
    }
    x.route = 1;
    return this.#static.answer(x).then((answer) => answer ?? this.#notFound(x));
  }

  #notFound(x: Exchange): Answered {
    x.route = 0;
    const detail = `Nothing is at ${x.path}.`;
    return this.#responder.problem(x, { status: 404, type: "not-found", detail });
  }
}
