import { Hono } from "hono";
import type { WorkerRuntime } from "../runtime/worker/role.ts";
import type { GatewayConfig, RouteConfig } from "../runtime/topology/model.ts";
import { aggregateOrigin } from "./aggregate.ts";
import type { GatewayBounds } from "./bounds.ts";
import { type Connection, Exchange, type Guard, type Target } from "./exchange.ts";
import { FailureLog } from "./failure-log.ts";
import { readHead } from "./head.ts";
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
import { problemJson, problemOf } from "./problems.ts";
import { PassedTraces, type Traces } from "./middleware/trace.ts";
import { Responder } from "./responder.ts";
import { compileHandler, originTarget } from "./route-handler.ts";
import { RouteTable } from "./routes.ts";
import { LiveStreams } from "./streams.ts";
import { GatewayTelemetry } from "./telemetry.ts";

type AppRuntime = Pick<WorkerRuntime, "mesh" | "log" | "clock" | "random" | "isReady" | "recorder">;

/** Rows of the metrics that are no routes. */
const builtIn = ["unmatched", "static", "health"] as const;

/** The gateway without its socket: Hono's app and what the role needs of it. */
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
  readonly #hono: Hono<{ Bindings: Exchange }>;
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
      idleTimeoutMs: config.limits.idleTimeoutMs,
    });
    this.#failures = new FailureLog(runtime.log, runtime.clock, bounds.failureLogIntervalMs);
    this.#bodies = new BodyReader(config.limits, bounds.bufferedBodyBytes, runtime.clock);
    this.#verifier = this.#makeVerifier();
    this.#table = new RouteTable(routes);
    this.#static = new StaticFiles(config.static, this.#responder, this.#compression, bounds);
    this.#hono = this.#makeHono(routes);
    this.caches = this.#caches;
  }

  /** Answers one request. Never rejects. */
  fetch(request: Request, connection: Connection): Response | Promise<Response> {
    const x = new Exchange(request, connection);
    if (readHead(x, this.#traces) > this.#config.limits.headerBytes) {
      const detail = `A request's head may have ${this.#config.limits.headerBytes} bytes.`;
      x.addHeader("connection", "close");
      return this.#responder.problem(x, { status: 431, type: "head-too-large", detail });
    }
    if (this.#cors?.isPreflight(x)) return this.#responder.send(x, 204, this.#cors.preflight(x), null);
    return this.#hono.fetch(request, x);
  }

  /** For what Bun catches outside of `fetch`. */
  defect(error: unknown): Response {
    this.#runtime.log.error(`request failed: ${error instanceof Error ? error.stack : error}`);
    const body = problemJson(problemOf(error, "gateway"), "");
    return new Response(body, { status: 500, headers: { "content-type": "application/problem+json" } });
  }

  #makeVerifier(): TokenVerifier | undefined {
    const { auth } = this.#config;
    if (auth === undefined) return undefined;
    const { mesh, clock } = this.#runtime;
    const keys = new KeySet({ jwks: auth.jwks, mesh, clock, bounds: this.#bounds });
    return new TokenVerifier(auth, keys, clock, this.#bounds.tokenCacheEntries);
  }

  #makeHono(routes: readonly RouteConfig[]): Hono<{ Bindings: Exchange }> {
    // The path was cut out of the URL already.
    const hono = new Hono<{ Bindings: Exchange }>({
      getPath: (_, options) => (options as { env: Exchange }).env.path,
    });
    const responder = this.#responder;
    const ready = readyTarget(
      routedServices(this.#config),
      (service) => this.#runtime.isReady(service),
      () => this.draining,
      responder,
    );
    hono.get("/healthz", compileHandler(2, [], healthTarget(responder)));
    hono.get("/readyz", compileHandler(2, [], ready));
    routes.forEach((route, index) => {
      hono.on(
        [...route.methods],
        honoPattern(route.path),
        compileHandler(builtIn.length + index, this.#guards(route), this.#target(route)),
      );
    });
    hono.notFound((c) => this.#unmatched(c.env));
    hono.onError((error, c) => this.#failed(c.env, error, "the gateway"));
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
    if (route.timeoutMs >= this.#config.limits.idleTimeoutMs) {
      // The route's own timeout ends it; the connection is silent until then.
      guards.push((x) => void x.waitPatiently());
    }
    return guards.filter((guard) => guard !== undefined);
  }

  #target(route: RouteConfig): Target {
    const { mesh, clock } = this.#runtime;
    const { target } = route;
    let origin: Origin;
    let service: string;
    if (target.kind === "service") {
      service = target.service;
      origin = serviceOrigin(route, target, { mesh, clock, bodies: this.#bodies });
    } else {
      service = "one of its services";
      origin = aggregateOrigin(route, target.parts, {
        mesh,
        clock,
        maxPartBytes: this.#bounds.partBodyBytes,
      });
    }
    const failed = (x: Exchange, error: unknown) => this.#failed(x, error, service);
    const plain = originTarget(origin, this.#responder, failed);
    if (route.cache === undefined) return plain;
    const cache = new RouteCache(route, route.cache, {
      origin,
      clock,
      bounds: this.#bounds,
      compression: this.#compression,
      counted: this.#cacheCounter(route),
    });
    this.#caches.push(cache);
    return cache.target(this.#responder, plain, failed);
  }

  #failed(x: Exchange, error: unknown, service: string): Response {
    this.#failures.add(x, error, service);
    return this.#responder.problem(x, problemOf(error, service));
  }

  #cacheCounter({ path }: RouteConfig): ((outcome: "hit" | "miss") => void) | undefined {
    const hits = this.#telemetry?.cacheCounter(path, "hit");
    const misses = this.#telemetry?.cacheCounter(path, "miss");
    return hits && misses && ((outcome) => (outcome === "hit" ? hits : misses).add());
  }

  /** No route: another method of one, a file, or nothing. */
  #unmatched(x: Exchange): Response | Promise<Response> {
    const allowed = this.#table.methodsOf(x.path);
    if (allowed.length > 0) {
      const allow = ["allow", allowed.join(", ")];
      if (x.method === "OPTIONS") return this.#responder.send(x, 204, allow, null);
      const detail = `${x.path} takes ${allowed.join(", ")}.`;
      return this.#responder.problem(x, { status: 405, type: "method-not-allowed", detail }, allow);
    }
    x.route = 1;
    return this.#static.answer(x).then((response) => response ?? this.#notFound(x));
  }

  #notFound(x: Exchange): Response {
    x.route = 0;
    const detail = `Nothing is at ${x.path}.`;
    return this.#responder.problem(x, { status: 404, type: "not-found", detail });
  }
}
