/** Keep-alive connections to one target. Hot path: no promise, closure or object per request. */
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { OutgoingRequest, ReplySink } from "./exchange.ts";
import type { Line } from "./line.ts";
import { ResponseParser } from "./response-parser.ts";
import { WaitingLine, type WaitingRequest } from "./waiting-line.ts";

export interface PoolOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly maxConnections: number;
  /** From the send to the end of the answer; also how long a request may wait for a connection. */
  readonly timeoutMs: number;
  /** Requests that wait for a free connection; one more fails as `unsent`. */
  readonly maxWaiting: number;
}

const sweepEveryMs = 50;

export class HttpPool implements ConnectionOwner, Line {
  readonly options: PoolOptions;
  /** Chunks and answers so far: tells a spinning caller whether anything has happened. */
  activity = 0;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: WaitingLine;
  #sweeper: Timer | undefined;
  #stopped = false;

  constructor(options: PoolOptions) {
    for (const key of ["maxConnections", "timeoutMs", "maxWaiting"] as const) {
      if (!(options[key] >= 1)) throw new Error(`HttpPool: ${key} is ${options[key]}, must be 1 or more`);
    }
    this.options = options;
    this.#waiting = new WaitingLine(options.maxWaiting);
  }

  start(): void {
    this.#sweeper ??= setInterval(() => this.#sweep(performance.now()), sweepEveryMs);
  }

  /** Closes every connection; what is under way fails as `reset`. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#sweeper);
    for (const connection of [...this.#all]) connection.abort("reset", "the run ended");
    this.#waiting.drain((entry) => failUnsent(entry, "the run ended"));
  }

  /** Requests sent and not answered, and requests that wait for a connection. */
  get pending(): number {
    return this.#all.size - this.#idle.length + this.#waiting.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get connections(): number {
    return this.#all.size;
  }

  send(request: OutgoingRequest, intendedMs: number, sink: ReplySink, context: unknown): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.take(request, intendedMs, sink, context);
      idle.write();
    } else if (this.#all.size < this.options.maxConnections && !this.#stopped) {
      const connection = new Connection(this);
      this.#all.add(connection);
      connection.take(request, intendedMs, sink, context);
      connection.open();
    } else {
      const entry = { request, intendedMs, sink, context, sinceMs: performance.now() };
      if (this.#stopped) failUnsent(entry, "the run ended");
      else if (!this.#waiting.push(entry)) failUnsent(entry, `${this.#waiting.size} requests wait already`);
    }
  }

  /** It carries what waits longest, or is idle. */
  release(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#idle.push(connection);
      connection.deliver();
      return;
    }
    // The sink reads the connection's fields, so it comes before they belong to the next request.
    connection.deliver();
    connection.take(next.request, next.intendedMs, next.sink, next.context);
    connection.write();
  }

  /** A new one takes its place when requests wait. */
  forget(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#stopped) return;
    const next = this.#waiting.shift();
    // In a later turn, so that a target that refuses at once does not recurse through the whole line.
    if (next !== undefined) {
      setImmediate(() => this.send(next.request, next.intendedMs, next.sink, next.context));
    }
  }

  #sweep(now: number): void {
    for (const connection of [...this.#all]) connection.expire(now, this.options.timeoutMs);
    this.#waiting.expire(now - this.options.timeoutMs, (entry) =>
      failUnsent(entry, `no connection got free within ${this.options.timeoutMs} ms`),
    );
  }
}

function failUnsent(entry: WaitingRequest, detail: string): void {
  const exchange = { ...entry, sentMs: Number.NaN, endedMs: performance.now(), reply: new ResponseParser() };
  entry.sink.failed("unsent", detail, exchange);
}
