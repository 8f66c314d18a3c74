import type { Result, Router } from "hono/router";
import type { H, RouterRoute } from "hono/types";
import { findTargetHandler, isMiddleware } from "hono/utils/handler";

/** What Hono puts into its router. */
type Routed = [handler: H, route: RouterRoute];

/** A call whose route is not known yet. */
export interface RoutelessCall {
  /** Which of the service's routes answers it, from 1; 0 for none. */
  route?: number;
}

/** `:id`, `:id?`, `:id{[0-9]+}`, `:id{[0-9]{3}}`. */
const parameter = /:([A-Za-z0-9_]+)(?:\{(?:[^{}]|\{[^{}]*\})*\})?\??/g;

/**
 * A Hono router that notes which route answers a call, by the one match that Hono makes anyway. Hot path: known
 * routes are numbers, found by what stands for them in the router. Measured on Bun 1.4.5 for a route with one parameter:
 * 0.04 µs of the 1.7 µs that a call takes from `dispatch` to its answer; a second match would take 0.15.
 */
export class NotedRouter implements Router<Routed> {
  /** Gets its route with the next match. */
  calling: RoutelessCall | undefined;
  readonly #router: Router<Routed>;
  readonly #patterns: string[] = [];
  /** The route's number; negative when it may leave the answer to a later one, 0 of middleware. */
  readonly #numbers = new Map<Routed, number>();
  /** Hono's quickest routers give out the same array for the same route. */
  #lastMatched: Result<Routed>[0] | undefined;
  #lastRoute = 0;

  constructor(router: Router<Routed>) {
    this.#router = router;
  }

  get name(): string {
    return this.#router.name;
  }

  add(method: string, path: string, handler: Routed): void {
    this.#router.add(method, path, handler);
  }

  match(method: string, path: string): Result<Routed> {
    const found = this.#router.match(method, path);
    const { calling } = this;
    if (calling !== undefined) {
      this.calling = undefined;
      if (found[0] !== this.#lastMatched) {
        this.#lastMatched = found[0];
        this.#lastRoute = this.#routeOf(found[0]);
      }
      calling.route = this.#lastRoute;
    }
    return found;
  }

  /** A route's pattern, `/items/{id}`; undefined of no route. */
  patternOf(route: number): string | undefined {
    return this.#patterns[route - 1];
  }

  /**
   * The first that takes no `next` answers; where all take one, such as validators, it was the last that is no middleware. One
   * that takes `next` and answers all the same is told as the route after it: only the handler knows.
   */
  #routeOf(matched: Result<Routed>[0]): number {
    let last = 0;
    for (let i = 0; i < matched.length; i++) {
      const routed = matched[i]![0];
      const number = this.#numbers.get(routed) ?? this.#add(routed);
      if (number > 0) return number;
      if (number < 0) last = -number;
    }
    return last;
  }

  #add(routed: Routed): number {
    const [handler, { method, path }] = routed;
    const takesNext = isMiddleware(findTargetHandler(handler));
    let number = 0;
    if (!(takesNext && method === "ALL")) {
      const pattern = path.replace(parameter, "{$1}");
      const known = this.#patterns.indexOf(pattern);
      number = known < 0 ? this.#patterns.push(pattern) : known + 1;
      if (takesNext) number = -number;
    }
    this.#numbers.set(routed, number);
    return number;
  }
}
