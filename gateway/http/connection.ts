import type { Socket } from "bun";
import { Exchange } from "../exchange.ts";
import type { AnswerBody } from "../reply.ts";
import { type BodyHost, ClientBody } from "./client-body.ts";
import { BadRequest, malformed } from "./request-head.ts";
import type { RequestLine } from "./request-line.ts";
import { emptyHead, RequestReader } from "./request-reader.ts";
import { statusLine } from "./status-line.ts";
import { type StreamHost, StreamSender } from "./stream-sender.ts";
import { Wire } from "./wire.ts";

/** What a connection asks of its server. Times in milliseconds of `performance.now()`. */
export interface ConnectionHost {
  readonly idleTimeoutMs: number;
  readonly headTimeoutMs: number;
  /** Of request line and fields together. */
  readonly maxHeadBytes: number;
  /** No further request is taken. */
  readonly draining: boolean;
  /** `date: …` with its CRLF. */
  dateLine(now: number): string;
  /** Answers `x`, now or later. Never throws. */
  handle(x: Exchange): void;
  /** Answers for a request that could not be read. */
  refuse(x: Exchange, problem: BadRequest): void;
  /** Requests begin and end in turn. */
  began(): void;
  ended(): void;
}

/** Requests sent ahead of their turn wait in memory up to this; then the client waits. */
const maxAheadBytes = 64 * 1024;
/** After its last answer a connection is read on for this long, so that a reset does not take the answer away. */
const lingerMs = 2_000;
const continueLine = "HTTP/1.1 100 Continue\r\n\r\n";
const nothing = new Uint8Array(0);
/** Statuses that come without a body and without a length. */
const isBodiless = (status: number) => status === 204 || status === 304;

/**
 * Hot path. One connection of a client: reads requests, one after the other, and writes their answers in that order.
 *
 * ```
 *         ┌────────────── answer and body are through ◀─────────────┐
 *         ▼                                                         │
 * idle ──▶ reading a head ──▶ handling (body comes, answer goes) ───┤
 *   │          │ malformed, slow                                    │ close
 *   ▼          ▼                                                    ▼
 * closed ◀─────────────────────────────────────────────────── lingering
 * ```
 */
export class Connection implements BodyHost, StreamHost {
  readonly #host: ConnectionHost;
  readonly #socket: Socket<Connection>;
  readonly #wire: Wire;
  readonly #reader: RequestReader;
  #minor: 0 | 1 = 1;
  #exchange: Exchange | undefined;
  #body: ClientBody | undefined;
  #stream: StreamSender | undefined;
  #answered = false;
  /** No further request after this one. */
  #closing = false;
  #state: "open" | "lingering" | "closed" = "open";
  #reading = false;
  /** Part of a head has come; the deadline is that of the rest. */
  #awaitsHead = false;
  #paused = 0;
  #pausedAhead = false;
  /** When the sweep ends what is going on. */
  #deadline: number;
  #address: string | undefined;

  constructor(socket: Socket<Connection>, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#wire = new Wire(socket);
    this.#reader = new RequestReader(host.maxHeadBytes, () => this.address);
    this.#deadline = performance.now() + host.idleTimeoutMs;
  }

  get address(): string {
    this.#address ??= this.#socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? "unknown";
    return this.#address;
  }

  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  onData(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    let at = 0;
    const body = this.#body;
    if (body !== undefined && !body.ended) {
      at = this.#feed(body, bytes);
      if (at < 0) return;
    }
    if (at === bytes.length) return;
    this.#reader.push(at === 0 ? bytes : bytes.subarray(at));
    if (this.#exchange === undefined) this.#readRequests();
    else if (this.#reader.length > maxAheadBytes && !this.#pausedAhead) {
      this.#pausedAhead = true;
      this.pauseReading();
    }
  }

  onDrain(): void {
    const before = this.#wire.waitingBytes;
    this.#wire.drain();
    const after = this.#wire.waitingBytes;
    if (after === before) return;
    // It takes something: its time begins anew.
    if (this.#state === "open")
      this.#deadline = after === 0 ? Number.POSITIVE_INFINITY : performance.now() + this.#host.idleTimeoutMs;
    this.#stream?.drained();
    if (after === 0) this.#wireEmpty();
  }

  onClose(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#wire.drop();
    this.#reader.clear();
    this.#stream?.stop();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
    this.#body?.fail();
    if (exchange !== undefined) this.#host.ended();
  }

  /** Ends what takes too long. `now` is of `performance.now()`. */
  sweep(now: number): void {
    if (this.#state === "closed") return;
    if (this.#deadline === Number.POSITIVE_INFINITY) {
      // A client that takes nothing of a stream, from now on.
      if (this.#wire.waitingBytes > 0) this.#deadline = now + this.#host.idleTimeoutMs;
      return;
    }
    if (now < this.#deadline) return;
    const stuck = this.#wire.waitingBytes > 0 || (this.#exchange !== undefined && this.#answered);
    if (this.#state === "lingering" || stuck) this.#socket.terminate();
    else if (this.#reader.length > 0) {
      this.#refuse(new BadRequest(408, "request-timeout", "The request's head did not come in time."));
    } else this.#close();
  }

  /** No further request: closes at once when none is under way. */
  drain(): void {
    this.#closing = true;
    if (this.#exchange === undefined && this.#state === "open") this.#close();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  answer(x: Exchange, status: number, fields: string, body: AnswerBody, declaredBytes: number): void {
    if (x !== this.#exchange || this.#answered) {
      if (body instanceof ReadableStream) body.cancel().catch(() => {});
      return;
    }
    this.#answered = true;
    if (this.#mustClose(x)) this.#closing = true;
    let head = statusLine(status) + fields + this.#host.dateLine(performance.now());
    if (this.#closing) head += "connection: close\r\n";
    else if (this.#minor === 0) head += "connection: keep-alive\r\n";
    const silent = x.method === "HEAD" || isBodiless(status);
    const stream = body instanceof Blob ? body.stream() : body;
    if (stream instanceof ReadableStream) {
      this.#answerStream(head, stream, body instanceof Blob ? body.size : declaredBytes, silent);
      return;
    }
    const bytes = typeof stream === "string" ? Buffer.from(stream) : (stream ?? nothing);
    const length = silent && declaredBytes >= 0 ? declaredBytes : bytes.length;
    // Of an answer to HEAD that came without a body the length is not known, and 0 would be a wrong one.
    if (!isBodiless(status) && (!silent || length > 0)) head += `content-length: ${length}\r\n`;
    this.#wire.write(`${head}\r\n`, silent || bytes.length === 0 ? undefined : bytes);
    this.#sent();
  }

  bodyWanted(): void {
    if (this.#reader.head.expectsContinue && this.#minor === 1) this.#wire.write(continueLine, undefined);
  }

  pauseReading(): void {
    if (this.#paused++ === 0) this.#socket.pause();
  }

  resumeReading(): void {
    if (--this.#paused === 0 && this.#state !== "closed") this.#socket.resume();
  }

  streamSent(): void {
    this.#stream = undefined;
    this.#sent();
  }

  streamBroke(): void {
    this.#stream = undefined;
    this.#socket.terminate();
  }

  #answerStream(head: string, stream: ReadableStream<Uint8Array>, bytes: number, silent: boolean): void {
    const chunked = bytes < 0 && this.#minor === 1;
    if (bytes >= 0) head += `content-length: ${bytes}\r\n`;
    else if (chunked) head += "transfer-encoding: chunked\r\n";
    else if (!silent) {
      // HTTP/1.0 knows the end of such a body only by the connection's.
      if (!this.#closing) head = head.replace("connection: keep-alive\r\n", "connection: close\r\n");
      this.#closing = true;
    }
    this.#wire.write(`${head}\r\n`, undefined);
    if (silent) {
      stream.cancel().catch(() => {});
      this.#sent();
      return;
    }
    this.#stream = new StreamSender(this, this.#wire, stream, bytes, chunked);
    void this.#stream.send();
  }

  /** The answer is written, if not yet sent. */
  #sent(): void {
    if (this.#wire.waitingBytes > 0) this.#deadline = performance.now() + this.#host.idleTimeoutMs;
    else this.#wireEmpty();
  }

  #wireEmpty(): void {
    if (this.#answered && this.#stream === undefined) this.#answerThrough();
    else if (this.#state === "lingering") this.#socket.end();
  }

  #answerThrough(): void {
    if (this.#closing) {
      this.#over();
      this.#close();
      return;
    }
    const body = this.#body;
    if (body !== undefined && !body.ended) {
      // Goes on when the rest of the body has come.
      body.discard();
      this.#deadline = performance.now() + this.#host.idleTimeoutMs;
      return;
    }
    this.#over();
    this.#deadline = performance.now() + this.#host.idleTimeoutMs;
    if (this.#pausedAhead && this.#reader.length <= maxAheadBytes) {
      this.#pausedAhead = false;
      this.resumeReading();
    }
    if (this.#reader.length > 0 && !this.#reading) this.#readRequests();
  }

  #over(): void {
    this.#exchange = undefined;
    this.#body?.discard();
    this.#body = undefined;
    this.#answered = false;
    this.#host.ended();
  }

  /** Where the next request would begin is unknown, or the rest of this one not worth waiting for. */
  #mustClose(x: Exchange): boolean {
    if (x.closes || this.#host.draining || this.#reader.head.closes) return true;
    if (this.#minor === 0 && !this.#reader.head.keepsAlive) return true;
    const body = x.body;
    if (body === undefined || body.ended) return false;
    return !body.isNearlyEnded || (this.#reader.head.expectsContinue && !body.wasWanted);
  }

  /** Sends what is left, says that nothing follows, and reads on for a while when something is still coming. */
  #close(): void {
    if (this.#state !== "open") return;
    this.#state = "lingering";
    this.#deadline = performance.now() + lingerMs;
    this.#socket.end();
  }

  /** Returns where the body ends in `bytes`, or -1 when the connection is of no more use. */
  #feed(body: ClientBody, bytes: Uint8Array): number {
    try {
      const at = body.push(bytes, 0);
      if (body.ended && this.#answered && this.#stream === undefined && this.#wire.waitingBytes === 0) {
        this.#answerThrough();
      }
      return at;
    } catch (error) {
      this.#bodyBroke(body, error as Error);
      return -1;
    }
  }

  /** What the service hears is that the client left; what the client hears is why. */
  #bodyBroke(body: ClientBody, error: Error): void {
    const x = this.#exchange!;
    body.fail(error);
    this.#closing = true;
    if (error instanceof BadRequest && !this.#answered) {
      x.closes = true;
      this.#host.refuse(x, error);
    } else this.#socket.terminate();
    x.abort();
  }

  #readRequests(): void {
    this.#reading = true;
    // A loop, for thousands of requests sent ahead would be as many calls deep.
    while (this.#exchange === undefined && this.#state === "open" && this.#reader.length > 0) {
      try {
        const line = this.#reader.next();
        if (line === undefined) {
          this.#awaitHead();
          break;
        }
        this.#begin(line);
      } catch (error) {
        this.#refuse(error instanceof BadRequest ? error : malformed("it cannot be read"));
      }
    }
    this.#reading = false;
  }

  #awaitHead(): void {
    if (this.#awaitsHead) return;
    this.#awaitsHead = true;
    this.#deadline = performance.now() + this.#host.headTimeoutMs;
  }

  #begin(line: RequestLine): void {
    this.#awaitsHead = false;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#minor = line.minor;
    const { head } = this.#reader;
    const body = head.bodyLength === 0 ? undefined : new ClientBody(this, head.bodyLength);
    const x = new Exchange(this, line.method, line.path, line.query, head, body);
    this.#exchange = x;
    this.#body = body;
    this.#answered = false;
    this.#host.began();
    if (body !== undefined && this.#reader.length > 0) {
      const ahead = this.#reader.take();
      const at = this.#feed(body, ahead);
      if (at < 0) return;
      if (at < ahead.length) this.#reader.push(ahead.subarray(at));
    }
    this.#host.handle(x);
  }

  #refuse(problem: BadRequest): void {
    this.#reader.clear();
    this.#awaitsHead = false;
    this.#minor = 1;
    const x = new Exchange(this, "", "/", "", emptyHead, undefined);
    x.closes = true;
    this.#exchange = x;
    this.#body = undefined;
    this.#answered = false;
    this.#host.began();
    this.#host.refuse(x, problem);
  }
}
