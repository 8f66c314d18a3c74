import type { Random } from "../../runtime/clock.ts";
import type { Exchange, FailureKind, ReplySink } from "./exchange.ts";
import type { HttpPool } from "./http-pool.ts";
import type { Recorder, Step } from "./recorder.ts";
import { makeRequest, type Target } from "./request.ts";
import type { Reply, RequestOptions, Session } from "./scenario.ts";

/** A request of a scenario got no answer. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, detail: string) {
    super(`${kind}: ${detail}`);
    this.kind = kind;
  }
}

interface SessionParts {
  readonly target: Target;
  readonly pool: HttpPool;
  readonly recorder: Recorder;
  readonly random: Random;
}

export class VisitorSession implements Session {
  readonly random: Random;
  readonly #parts: SessionParts;
  /** Of the first request: the arrival's. Later ones are due when the turn gets to them. */
  #intendedMs: number | undefined;

  constructor(parts: SessionParts, intendedMs: number) {
    this.#parts = parts;
    this.#intendedMs = intendedMs;
    this.random = parts.random;
  }

  request(step: string, method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { target, pool, recorder } = this.#parts;
    const { json, expect } = options;
    const body = json === undefined ? options.body : JSON.stringify(json);
    const headers =
      json === undefined ? options.headers : { "content-type": "application/json", ...options.headers };
    const request = makeRequest(target, {
      method,
      path,
      keepReply: true,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
    const intendedMs = this.#intendedMs ?? performance.now();
    this.#intendedMs = undefined;
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(recorder, recorder.step(step), expect, resolve, reject);
      pool.send(request, intendedMs, waiter, undefined);
    });
  }

  get(step: string, path: string, options?: RequestOptions): Promise<Reply> {
    return this.request(step, "GET", path, options);
  }

  post(step: string, path: string, options?: RequestOptions): Promise<Reply> {
    return this.request(step, "POST", path, options);
  }

  check(name: string, held: boolean): boolean {
    this.#parts.recorder.check(name, held);
    return held;
  }

  async think(minMs: number, maxMs: number): Promise<void> {
    await Bun.sleep(minMs + this.random() * (maxMs - minMs));
    this.#intendedMs = undefined;
  }
}

class Waiter implements ReplySink {
  readonly #recorder: Recorder;
  readonly #step: Step;
  readonly #expect: RequestOptions["expect"];
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: RequestFailed) => void;

  constructor(
    recorder: Recorder,
    step: Step,
    expect: RequestOptions["expect"],
    resolve: (reply: Reply) => void,
    reject: (error: RequestFailed) => void,
  ) {
    this.#recorder = recorder;
    this.#step = step;
    this.#expect = expect;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  replied(exchange: Exchange): void {
    const { status, headText } = exchange.reply;
    const ok = isExpected(status, this.#expect);
    this.#recorder.replied(this.#step, exchange, !ok);
    this.#resolve(new ReadReply(status, ok, headText, exchange.reply.body()));
  }

  failed(kind: FailureKind, detail: string, exchange: Exchange): void {
    this.#recorder.failed(this.#step, kind, detail, exchange);
    this.#reject(new RequestFailed(kind, detail));
  }
}

function isExpected(status: number, expect: RequestOptions["expect"]): boolean {
  if (expect === undefined) return status < 400;
  return typeof expect === "number" ? status === expect : expect.includes(status);
}

class ReadReply implements Reply {
  readonly status: number;
  readonly ok: boolean;
  readonly #head: string;
  readonly #body: Uint8Array;

  constructor(status: number, ok: boolean, head: string, body: Uint8Array) {
    this.status = status;
    this.ok = ok;
    this.#head = head;
    this.#body = body;
  }

  header(name: string): string | undefined {
    const wanted = `${name.toLowerCase()}:`;
    for (const line of this.#head.split(/\r?\n/)) {
      if (line.toLowerCase().startsWith(wanted)) return line.slice(wanted.length).trim();
    }
    return undefined;
  }

  text(): string {
    return Buffer.from(this.#body).toString("utf8");
  }

  json<T>(): T {
    return JSON.parse(this.text()) as T;
  }
}
