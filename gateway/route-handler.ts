/**
 * Hot path. A route is compiled ahead into one handler that runs only the guards it has switched on. They are called in a
 * loop rather than as Hono middleware, whose `compose` costs an async function and a closure for each step of each request.
 */
import type { CallReceiver, CallReply } from "../runtime/calls/mesh.ts";
import type { MicrocosmError } from "../sdk/errors.ts";
import { type Answered, answered, type Exchange, type Guard, type Target } from "./exchange.ts";
import type { BodyReader } from "./middleware/request-body.ts";
import type { Origin, ServiceOrigin } from "./origins.ts";
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

/**
 * As `originTarget`, for one service: what comes without a body, and that is most, is answered without a promise. Its
 * answer is on its way then, or will be.
 */
export function serviceTarget(
  origin: ServiceOrigin,
  bodies: BodyReader,
  responder: Responder,
  failed: (x: Exchange, error: unknown) => Answered,
): Target {
  const withBody = originTarget(origin.ask, responder, failed);
  return (x) => {
    if (bodies.hasBody(x)) return withBody(x);
    origin.send(x, new Receiver(x, responder, failed));
    return answered;
  };
}

class Receiver implements CallReceiver {
  readonly #x: Exchange;
  readonly #responder: Responder;
  readonly #failed: (x: Exchange, error: unknown) => Answered;

  constructor(x: Exchange, responder: Responder, failed: (x: Exchange, error: unknown) => Answered) {
    this.#x = x;
    this.#responder = responder;
    this.#failed = failed;
  }

  replied(reply: CallReply): void {
    try {
      const answer = this.#responder.reply(this.#x, reply);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.#failed(this.#x, error));
    } catch (error) {
      // Of the gateway's own making: the link that brought the reply has nothing to do with it.
      this.#failed(this.#x, error);
    }
  }

  failed(error: MicrocosmError): void {
    this.#failed(this.#x, error);
  }
}
