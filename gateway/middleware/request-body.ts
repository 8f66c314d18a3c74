import { anySignal, type CallSignal } from "../../runtime/call-signal.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { GatewayLimits } from "../../runtime/topology/model.ts";
import type { OutgoingBody } from "../../runtime/transport/transport.ts";
import { type Problem, problem } from "../../sdk/problem.ts";
import type { Exchange } from "../exchange.ts";

/** A request's body on its way to the service. */
export interface SentBody {
  readonly body: OutgoingBody;
  /** Aborts the call when the client left, or sent too much or too slowly. */
  readonly signal: CallSignal;
  /** Why the gateway ended the body; then this is the answer, whatever became of the call. */
  readonly failure: Problem | undefined;
}

/** Reads bodies within the limits: small ones whole, others as a stream that the service paces. */
export class BodyReader {
  readonly #limits: GatewayLimits;
  readonly #bufferedBytes: number;
  readonly #clock: Clock;

  constructor(limits: GatewayLimits, bufferedBytes: number, clock: Clock) {
    this.#limits = limits;
    this.#bufferedBytes = bufferedBytes;
    this.#clock = clock;
  }

  hasBody(x: Exchange): boolean {
    return x.body !== undefined && x.method !== "GET" && x.method !== "HEAD";
  }

  /** A small body that came along with its head: nothing is waited for. */
  readNow(x: Exchange): SentBody | undefined {
    const { bodyLength } = x.head;
    if (bodyLength < 0 || bodyLength > Math.min(this.#bufferedBytes, this.#limits.bodyBytes))
      return undefined;
    const body = x.body!.wholeNow();
    return body && { body, signal: x, failure: undefined };
  }

  /** Rejects with a Problem (408, 413), or `cancelled` when the client left. */
  async read(x: Exchange): Promise<SentBody> {
    const { bodyLength } = x.head;
    if (bodyLength > this.#limits.bodyBytes) throw this.#tooLarge(x);
    if (bodyLength < 0 || bodyLength > this.#bufferedBytes) {
      return new Upload(x, this.#limits.bodyBytes, this.#tooLarge, this.#late(x));
    }
    return { body: await this.#whole(x), signal: x, failure: undefined };
  }

  #whole(x: Exchange): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const inTime = this.#clock.after(this.#limits.requestTimeoutMs, () => reject(this.#tooSlow(x)));
      x.body!.whole().then(resolve, reject).finally(inTime);
    });
  }

  #late(x: Exchange): (fail: (failure: Problem) => void) => () => void {
    return (fail) => this.#clock.after(this.#limits.requestTimeoutMs, () => fail(this.#tooSlow(x)));
  }

  readonly #tooLarge = (x: Exchange): Problem => {
    closeAfterwards(x);
    return problem(413, "body-too-large", `A request's body may have ${this.#limits.bodyBytes} bytes.`);
  };

  readonly #tooSlow = (x: Exchange): Problem => {
    closeAfterwards(x);
    const seconds = this.#limits.requestTimeoutMs / 1000;
    return problem(408, "request-timeout", `The request was not complete within ${seconds} s.`);
  };
}

/** The rest of the body is still to come, and nobody will read it: the connection cannot be used again. */
function closeAfterwards(x: Exchange): void {
  x.closes = true;
}

/** A body passed on as it comes. The next chunk is read from the client when the service has room for it. */
class Upload implements SentBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly signal: AbortSignal;
  failure: Problem | undefined;

  constructor(
    x: Exchange,
    maxBytes: number,
    tooLarge: (x: Exchange) => Problem,
    late: (fail: (failure: Problem) => void) => () => void,
  ) {
    const ended = new AbortController();
    this.signal = anySignal(x, ended.signal);
    const body = x.body!;
    let length = 0;
    let fail = (_: Problem) => {};
    const inTime = late((failure) => fail(failure));
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          fail = (failure) => {
            this.failure = failure;
            inTime();
            controller.error(failure);
            ended.abort(failure);
            body.discard();
          };
        },
        pull: async (controller) => {
          const value = await body.next().catch((error: unknown) => {
            inTime();
            throw error;
          });
          if (this.failure !== undefined) return;
          if (value === undefined) {
            inTime();
            return controller.close();
          }
          length += value.length;
          if (length > maxBytes) return fail(tooLarge(x));
          controller.enqueue(value);
        },
        cancel: () => {
          inTime();
          body.discard();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
