import type { AsyncLocalStorage } from "node:async_hooks";
import { Hono } from "hono";
import { problem } from "../../sdk/problem.ts";
import type { AnyHono, Logger, RequestInfo } from "../../sdk/service.ts";
import type { HeaderList } from "../calls/mesh.ts";
import type { OutgoingBody } from "../transport/transport.ts";
import { answering } from "./lean-response.ts";
import { acceptLeanRequests, LeanRequest, type RequestSource } from "./lean-request.ts";
import { NotedRouter, type RoutelessCall } from "./noted-router.ts";
import { type FailedRequest, ownResponse, problemOf, problemResponse } from "./problems.ts";
import { partsOf, type ResponseParts, trackResponses } from "./response-parts.ts";

/** A call that waits for its answer; `ServedCall` of runtime/calls is one. */
export interface DispatchedCall extends RequestInfo, RequestSource, RoutelessCall {
  reply(status: number, headers: HeaderList, body: OutgoingBody): void;
}

export interface DispatcherOptions {
  readonly service: string;
  readonly app: AnyHono;
  /** Tells `ctx.call` and its like which request they belong to. */
  readonly scope: AsyncLocalStorage<RequestInfo>;
  readonly log: Logger;
  /** Whether calls are told their route. Default not. */
  readonly noteRoutes?: boolean;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Answers calls with a Hono app. Hot path: a handler that answers at once is answered at once, without a promise, and
 * neither a native Request nor a closure is made for it. Measured on Bun 1.4.5 for a route with one parameter that
 * answers JSON: 1.2 µs, against 2.2 µs with a native Request and an awaited body.
 */
export class Dispatcher {
  readonly #origin: string;
  readonly #app: AnyHono;
  readonly #scope: AsyncLocalStorage<RequestInfo>;
  readonly #log: Logger;
  readonly #routes: NotedRouter | undefined;
  readonly #fetch: (request: LeanRequest, call: DispatchedCall) => Response | Promise<Response>;

  constructor(options: DispatcherOptions) {
    this.#origin = `http://${options.service}`;
    this.#app = options.app;
    this.#scope = options.scope;
    this.#log = options.log;
    if (options.noteRoutes === true) {
      this.#routes = new NotedRouter(this.#app.router);
      this.#app.router = this.#routes;
    }
    this.#fetch = (request, call) => answering(this.#app.fetch, request.asRequest(), call);
    trackResponses();
    acceptLeanRequests();
    // An author's own onError stays; Hono's default would answer in plain text.
    if (errorHandlerOf(this.#app) === errorHandlerOf(new Hono())) {
      this.#app.onError((error, c) => {
        const own = ownResponse(error);
        if (own !== undefined) return own;
        const request = {
          method: c.req.method,
          path: c.req.path,
          info: c.env as RequestInfo,
          raw: c.req.raw,
        };
        return problemResponse(problemOf(error, request, this.#log), request.info.requestId);
      });
    }
  }

  /** Sees to the answer of `call`, whatever happens. Does not throw. */
  dispatch(call: DispatchedCall): void {
    const request = new LeanRequest(this.#origin, call);
    if (this.#routes !== undefined) this.#routes.calling = call;
    try {
      const response = this.#scope.run(call, this.#fetch, request, call);
      if (response instanceof Promise) this.#later(call, request, response);
      else this.#answer(call, request, response);
    } catch (error) {
      this.#fail(call, request, error);
    }
  }

  async #later(call: DispatchedCall, request: LeanRequest, response: Promise<Response>): Promise<void> {
    try {
      this.#answer(call, request, await response);
    } catch (error) {
      this.#fail(call, request, error);
    }
  }

  #answer(call: DispatchedCall, request: LeanRequest, response: Response): void {
    const parts = partsOf(response);
    if (parts instanceof Promise) {
      parts.then(
        (known) => send(call, known),
        (error) => this.#fail(call, request, error),
      );
    } else if (parts.status === 404 && parts.body === "404 Not Found") {
      this.#notFound(call);
    } else {
      send(call, parts);
    }
  }

  /** The pattern, `/items/{id}`, of a route that a call was told. */
  patternOf(route: number): string | undefined {
    return this.#routes?.patternOf(route);
  }

  /** In place of Hono's own plain text, which no author's notFound would answer. */
  #notFound(call: DispatchedCall): void {
    const path = call.path.split("?", 1)[0] ?? "/";
    const allowed = methods.filter((method) => this.#hasRoute(method, path));
    // Its handler answered with Hono's own notFound, or with nothing.
    if (allowed.includes(call.method)) allowed.length = 0;
    const [status, type] = allowed.length > 0 ? [405, "method-not-allowed"] : [404, "not-found"];
    const detail =
      status === 405
        ? `${path} takes ${allowed.join(", ")}, not ${call.method}`
        : `Nothing is at ${call.method} ${path}`;
    const response = problemResponse(problem(status as number, type as string, detail), call.requestId);
    if (status === 405) response.headers.set("allow", allowed.join(", "));
    this.#sendNow(call, response);
  }

  /** Middleware is registered for all methods and makes no resource; a route for all methods would have answered. */
  #hasRoute(method: string, path: string): boolean {
    return this.#app.router
      .match(method, path)[0]
      .some(([[, route]]: [[unknown, { method: string }], unknown]) => route.method !== "ALL");
  }

  #fail(call: DispatchedCall, request: LeanRequest, error: unknown): void {
    const failed: FailedRequest = { method: call.method, path: call.path, info: call, raw: request };
    this.#sendNow(call, problemResponse(problemOf(error, failed, this.#log), call.requestId));
  }

  #sendNow(call: DispatchedCall, response: Response): void {
    const parts = partsOf(response);
    if (parts instanceof Promise) void parts.then((known) => send(call, known));
    else send(call, parts);
  }
}

/** Private to the compiler only. */
function errorHandlerOf(app: AnyHono): unknown {
  return Reflect.get(app, "errorHandler");
}

function send(call: DispatchedCall, parts: ResponseParts): void {
  call.reply(parts.status, parts.headers, parts.body);
}
