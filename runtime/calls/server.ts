import { MicrocosmError } from "../../sdk/errors.ts";
import { type Clock, type Random, systemClock, systemRandom } from "../clock.ts";
import { isExpired } from "../policy/timeout.ts";
import type { IncomingCall, Link, LinkHandler, Peer } from "../transport/transport.ts";
import { edgeNotDeclared } from "./edges.ts";
import { type CallLedger, ServedCall } from "./served-call.ts";
import type { ServerTelemetry } from "./server-telemetry.ts";
import { isRequestHead, type RequestHead } from "./wire.ts";

export interface CallServerOptions {
  readonly self: Peer;
  /** Services whose calls are taken. The supervisor's always are. */
  readonly callers: readonly string[];
  /** Calls handled at once. */
  readonly maxConcurrency: number;
  /** Calls that may wait for a place beyond that; further ones are refused as `overloaded`. Default 1024. */
  readonly maxQueued?: number;
  /** Handles a call and sees to its answer. A throw is answered as `handler-failed`. */
  readonly handler: (call: ServedCall) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Default none. */
  readonly telemetry?: ServerTelemetry | undefined;
}

export interface CallServerLoad {
  /** Under way or waiting, answers still being streamed included. */
  readonly pending: number;
  readonly calls: number;
  /** Refused, failed, or answered with 500 and above. */
  readonly errors: number;
}

const defaultMaxQueued = 1024;

/**
 * What a callee does with a call before the service sees it: is it well-formed, may this caller call, is there room.
 * Give it to a transport's `listen`; it keeps the links that come in, and `stop` closes them.
 */
export class CallServer implements LinkHandler {
  readonly #self: Peer;
  readonly #callers: ReadonlySet<string>;
  readonly #maxConcurrency: number;
  readonly #maxQueued: number;
  readonly #handler: (call: ServedCall) => void;
  readonly #clock: Clock;
  readonly #ledger: CallLedger;
  readonly #links = new Set<Link>();
  readonly #idlers = new Set<() => void>();
  /** Checked ones only; served from `#queueStart` on. */
  #queue: IncomingCall[] = [];
  #queueStart = 0;
  #running = 0;
  #streams = 0;
  #calls = 0;
  #errors = 0;
  #draining = false;
  #starting = false;

  constructor(options: CallServerOptions) {
    this.#self = options.self;
    this.#callers = new Set([...options.callers, "supervisor"]);
    this.#maxConcurrency = atLeast(1, "maxConcurrency", options.maxConcurrency);
    this.#maxQueued = atLeast(0, "maxQueued", options.maxQueued ?? defaultMaxQueued);
    this.#handler = options.handler;
    this.#clock = options.clock ?? systemClock;
    this.#ledger = {
      random: options.random ?? systemRandom,
      telemetry: options.telemetry,
      answered: (failed) => this.#answered(failed),
      streamBegan: () => {
        this.#streams++;
      },
      streamEnded: () => {
        this.#streams--;
        this.#tellIdle();
      },
    };
  }

  get load(): CallServerLoad {
    return { pending: this.#pending, calls: this.#calls, errors: this.#errors };
  }

  get #queued(): number {
    return this.#queue.length - this.#queueStart;
  }

  get #pending(): number {
    return this.#running + this.#queued + this.#streams;
  }

  /** From the transport. */
  call(incoming: IncomingCall): void {
    this.#calls++;
    if (!isRequestHead(incoming.head)) {
      const from = incoming.link.peer.instance;
      this.#refuse(
        incoming,
        new MicrocosmError("bad-frame", `${from} sent a call whose head has another shape`),
      );
    } else if (!this.#callers.has(incoming.link.peer.service)) {
      this.#refuse(incoming, edgeNotDeclared(incoming.link.peer.service, this.#self.service));
    } else if (this.#draining) {
      // Retryable: the caller's view of the registry is a moment old.
      this.#refuse(incoming, new MicrocosmError("no-ready-instance", `${this.#self.instance} is draining`));
    } else if (this.#running < this.#maxConcurrency && this.#queued === 0) {
      this.#start(incoming, incoming.head);
    } else if (this.#queued < this.#maxQueued) {
      this.#queue.push(incoming);
    } else {
      const message = `${this.#self.instance} has ${this.#running} calls under way and ${this.#queued} waiting`;
      this.#refuse(incoming, new MicrocosmError("overloaded", message));
    }
  }

  /** From the transport. */
  opened(link: Link): void {
    this.#links.add(link);
  }

  /** From the transport. */
  closed(link: Link): void {
    this.#links.delete(link);
  }

  /** Refuses new calls from now on. Those under way and those waiting for a place are still handled. */
  drain(): void {
    this.#draining = true;
  }

  /** Resolves when nothing is under way, or `timeoutMs` passed, with the number of calls left unfinished. */
  idle(timeoutMs: number): Promise<number> {
    if (this.#pending === 0) return Promise.resolve(0);
    return new Promise((resolve) => {
      const done = () => {
        this.#idlers.delete(done);
        cancelTimer();
        resolve(this.#pending);
      };
      const cancelTimer = this.#clock.after(timeoutMs, done);
      this.#idlers.add(done);
    });
  }

  /** Refuses new calls and closes the links that came in; what is under way on them ends as `link-closed`. */
  async stop(): Promise<void> {
    this.drain();
    await Promise.all([...this.#links].map((link) => link.close()));
  }

  /** From the transport. */
  leaving(): void {
    this.#ledger.telemetry?.recorder.tellFirst();
  }

  #refuse(incoming: IncomingCall, error: MicrocosmError): void {
    this.#errors++;
    incoming.fail(error);
  }

  #start(incoming: IncomingCall, head: RequestHead): void {
    this.#running++;
    const call = new ServedCall(incoming, head, this.#ledger);
    try {
      this.#handler(call);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      call.fail(
        new MicrocosmError("handler-failed", `${call.method} ${call.path}: ${what}`, { cause: error }),
      );
    }
  }

  #answered(failed: boolean): void {
    this.#running--;
    if (failed) this.#errors++;
    this.#startWaiting();
    this.#tellIdle();
  }

  /** A loop and not a recursion: a handler that answers at once would otherwise go as deep as the queue is long. */
  #startWaiting(): void {
    if (this.#starting || this.#queued === 0) return;
    this.#starting = true;
    try {
      while (this.#queued > 0 && this.#running < this.#maxConcurrency) {
        const incoming = this.#queue[this.#queueStart++]!;
        if (
          incoming.signal.aborted ||
          (incoming.deadline > 0 && isExpired(incoming.deadline, this.#clock.now()))
        ) {
          const message = `its time ran out while it waited for a place at ${this.#self.instance}`;
          this.#refuse(incoming, new MicrocosmError("deadline-exceeded", message));
        } else {
          this.#start(incoming, incoming.head as RequestHead);
        }
      }
      // Amortised: the array is rebuilt once its used-up part is the larger one.
      if (this.#queueStart * 2 >= this.#queue.length) {
        this.#queue = this.#queue.slice(this.#queueStart);
        this.#queueStart = 0;
      }
    } finally {
      this.#starting = false;
    }
  }

  #tellIdle(): void {
    if (this.#idlers.size > 0 && this.#pending === 0) for (const done of [...this.#idlers]) done();
  }
}

function atLeast(least: number, key: string, value: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${key}: expected an integer of at least ${least}, got ${value}`);
}
