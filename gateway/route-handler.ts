/**
 * Hot path. A route is compiled ahead into one handler that runs only the guards it has switched on. They are called in a
 * loop rather than as Hono middleware, whose `compose` costs an async function and a closure for each step of each request.
 */
import type { Answered, Exchange, Guard, Target } from "./exchange.ts";
import type { Origin } from "./origins.ts";
import type { Reply } from "./reply.ts";
import type { Responder } from "./responder.ts";

export type RouteHandler = (x: Exchange) => Answered | Promise<Answered>;

export function compileHandler(route: number, guards: readonly Guard[], target: Target): RouteHandler {
  return (x) => {
    x.route = route;
    for (let i = 0; i < guards.length; i++) {
      const verdict = guards[i]!(x);
      if (verdict === undefined) continue;
      return verdict instanceof Promise ? resume(x, verdict, guards, i + 1, target) : verdict;
    }
    return target(x);
  };
}

/** Goes on after a guard that had to wait. */
async function resume(
  x: Exchange,
  waiting: Promise<Answered | undefined>,
  guards: readonly Guard[],
  next: number,
  target: Target,
): Promise<Answered> {
  let verdict = await waiting;
  for (let i = next; verdict === undefined && i < guards.length; i++) verdict = await guards[i]!(x);
  return verdict ?? target(x);
}

/** Answers with what the origin says, or with the problem of its failure. */
export function originTarget(
  origin: Origin,
  responder: Responder,
  failed: (x: Exchange, error: unknown) => Answered,
): (x: Exchange) => Promise<Answered> {
  return async (x) => {
    let reply: Reply;
    try {
      reply = await origin(x);
    } catch (error) {
      return failed(x, error);
    }
    return responder.reply(x, reply);
  };
}
