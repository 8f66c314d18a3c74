import type { User } from "../../sdk/service.ts";
import type { HeaderList } from "../calls/mesh.ts";
import type { IncomingBody, OutgoingBody } from "../transport/transport.ts";
import type { DispatchedCall } from "../worker/dispatch.ts";

export interface TestCallOptions {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly caller: string;
  readonly user?: User | undefined;
  readonly deadline: number;
  readonly traceparent: string;
  readonly requestId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TestReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: IncomingBody;
}

/** A call that stays in this process. */
export class TestCall implements DispatchedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly caller: string;
  readonly user: User | undefined;
  readonly deadline: number;
  readonly traceparent: string;
  readonly attempt = 1;
  readonly requestId: string | undefined;
  readonly signal: AbortSignal;
  readonly answered: Promise<TestReply>;
  readonly #outcome = Promise.withResolvers<TestReply>();

  constructor(options: TestCallOptions) {
    this.method = options.method;
    this.path = options.path;
    this.headers = options.headers;
    this.body = options.body;
    this.caller = options.caller;
    this.user = options.user;
    this.deadline = options.deadline;
    this.traceparent = options.traceparent;
    this.requestId = options.requestId;
    this.signal = options.signal ?? new AbortController().signal;
    this.answered = this.#outcome.promise;
  }

  reply(status: number, headers: HeaderList, body: OutgoingBody): void {
    this.#outcome.resolve({ status, headers, body: incoming(body) });
  }

  replyWith(response: Response): void {
    const headers: string[] = [];
    response.headers.forEach((value, name) => {
      headers.push(name, value);
    });
    this.reply(response.status, headers, response.body as OutgoingBody);
  }

  fail(error: unknown): void {
    this.#outcome.reject(error);
  }

  toRequest(origin: string): Request {
    const bodiless = this.method === "GET" || this.method === "HEAD" || this.body.byteLength === 0;
    const request = new Request(origin + this.path, {
      method: this.method,
      ...(bodiless ? {} : { body: this.body as Uint8Array<ArrayBuffer> }),
    });
    for (let i = 0; i < this.headers.length; i += 2)
      request.headers.append(this.headers[i]!, this.headers[i + 1]!);
    return request;
  }
}

function incoming(body: OutgoingBody): IncomingBody {
  if (body === null) return new Uint8Array(0);
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}

const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

export function toResponse({ status, headers, body }: TestReply): Response {
  const empty = bodiless.has(status) || (body instanceof Uint8Array && body.byteLength === 0);
  const response = new Response(empty ? null : (body as BodyInit), { status });
  for (let i = 0; i < headers.length; i += 2) response.headers.append(headers[i]!, headers[i + 1]!);
  return response;
}
