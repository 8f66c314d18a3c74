import { MicrocosmError } from "../../sdk/errors.ts";
import type { Event } from "../../sdk/event.ts";
import type { RequestInfo } from "../../sdk/service.ts";

/** An event being handled, as `ctx.request()` shows it, and what the inbox knows of it. */
export class Delivery implements RequestInfo {
  readonly caller = "broker";
  readonly event: Event;
  readonly deadline: number;
  readonly traceparent: string;
  /** `new`: no transaction yet. `taken`: its effect is committed. `known`: it took effect in an earlier delivery. */
  inbox: "new" | "taken" | "known" = "new";
  readonly #abort = new AbortController();

  constructor(event: Event, deadline: number, traceparent: string) {
    this.event = event;
    this.deadline = deadline;
    this.traceparent = traceparent;
  }

  get attempt(): number {
    return this.event.delivery;
  }

  get requestId(): string {
    return this.event.id;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort.abort(new MicrocosmError("cancelled", "The instance is stopping"));
  }
}

/** Ends a handler whose event took effect already. Its author never sees it: the delivery is acknowledged. */
export class AlreadyHandled extends Error {
  constructor(event: Event) {
    super(`${event.topic} ${event.id} took effect already`);
    this.name = "AlreadyHandled";
  }
}
