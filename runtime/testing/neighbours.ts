import { AsyncLocalStorage } from "node:async_hooks";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger, RequestInfo } from "../../sdk/service.ts";
import { anySignal } from "../call-signal.ts";
import { edgeNotDeclared } from "../calls/edges.ts";
import type { CallContext, CallReceiver, CallReply, CallRequest, Mesh } from "../calls/mesh.ts";
import { newTraceparent } from "../calls/trace.ts";
import { systemRandom } from "../clock.ts";
import { Dispatcher } from "../worker/dispatch.ts";
import type { Neighbour } from "./options.ts";
import { TestCall } from "./test-call.ts";

export interface NeighboursOptions {
  readonly service: string;
  readonly neighbours: Readonly<Record<string, Neighbour>>;
  readonly log: Logger;
}

/** The other services, in the test's own hands. Calls reach them with the caller's user, deadline and trace. */
export class Neighbours implements Mesh {
  readonly #service: string;
  readonly #answerers = new Map<string, (call: TestCall) => void>();

  constructor({ service, neighbours, log }: NeighboursOptions) {
    this.#service = service;
    for (const [name, neighbour] of Object.entries(neighbours)) {
      this.#answerers.set(
        name,
        typeof neighbour === "function" ? byFunction(name, neighbour) : byApp(name, neighbour, log),
      );
    }
  }

  send(service: string, request: CallRequest, context: CallContext, receiver: CallReceiver): void {
    this.call(service, request, context).then(
      (reply) => receiver.replied(reply),
      (error) => receiver.failed(error),
    );
  }

  async call(service: string, request: CallRequest, context: CallContext): Promise<CallReply> {
    const answer = this.#answerers.get(service);
    if (answer === undefined) {
      const error = edgeNotDeclared(this.#service, service);
      const message = `${error.message}; in a test, give TestService.start a neighbour "${service}"`;
      throw new MicrocosmError(error.code, message);
    }
    const body = new Uint8Array(await new Response(request.body as BodyInit | null).arrayBuffer());
    const traceparent = context.traceparent || newTraceparent(systemRandom);
    const signal = context.signal && anySignal(context.signal);
    const call = new TestCall({ ...context, signal, traceparent, ...request, body, caller: this.#service });
    answer(call);
    const reply = await call.answered;
    return { ...reply, instance: `${service}-1` };
  }
}

function byApp(name: string, app: Exclude<Neighbour, (request: Request) => unknown>, log: Logger) {
  const dispatcher = new Dispatcher({ service: name, app, scope: new AsyncLocalStorage<RequestInfo>(), log });
  return (call: TestCall) => dispatcher.dispatch(call);
}

/** A MicrocosmError thrown by it is what the mesh would reject with: how a test plays a neighbour that is down. */
function byFunction(name: string, answer: (request: Request) => Response | Promise<Response>) {
  return (call: TestCall) => {
    const answering = (async () => answer(call.toRequest(`http://${name}`)))();
    answering.then(
      (response) => call.replyWith(response),
      (error) => call.fail(error),
    );
  };
}
