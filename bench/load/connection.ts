import type { Socket } from "bun";
import type { Exchange, FailureKind, OutgoingRequest, ReplySink } from "./exchange.ts";
import { ResponseParser } from "./response-parser.ts";

const nothing: OutgoingRequest = { bytes: new Uint8Array(), isHead: false, keepReply: false };
const nobody: ReplySink = { replied() {}, failed() {} };

/** The part of the pool that a connection sees. */
export interface ConnectionOwner {
  readonly options: { readonly hostname: string; readonly port: number; readonly tls: boolean };
  activity: number;
  /** Its answer has been read and it may carry the next request. */
  release(connection: Connection): void;
  /** It is closed. */
  forget(connection: Connection): void;
}

/** One socket, one request at a time. Its life: open → (take → write → deliver)… → closed. */
export class Connection implements Exchange {
  request: OutgoingRequest = nothing;
  context: unknown;
  intendedMs = 0;
  sentMs = Number.NaN;
  endedMs = 0;
  readonly reply = new ResponseParser();
  readonly #pool: ConnectionOwner;
  #sink: ReplySink = nobody;
  #socket: Socket<Connection> | undefined;
  #busy = false;
  #closed = false;
  #sinceMs = 0;
  /** Bytes of the request that the socket has taken; less than all while it is full. */
  #written = 0;

  constructor(pool: ConnectionOwner) {
    this.#pool = pool;
  }

  take(request: OutgoingRequest, intendedMs: number, sink: ReplySink, context: unknown): void {
    this.request = request;
    this.intendedMs = intendedMs;
    this.#sink = sink;
    this.context = context;
    this.sentMs = Number.NaN;
    this.#busy = true;
    this.#sinceMs = performance.now();
    this.reply.begin(request.isHead, request.keepReply);
  }

  open(): void {
    const { hostname, port, tls } = this.#pool.options;
    Bun.connect({ hostname, port, tls, data: this, socket: handlers }).catch((error: Error) =>
      this.abort("refused", error.message),
    );
  }

  opened(socket: Socket<Connection>): void {
    this.#socket = socket;
    // Timed out while it connected.
    if (this.#closed) socket.terminate();
    else this.write();
  }

  write(): void {
    this.sentMs = performance.now();
    this.#sinceMs = this.sentMs;
    const written = this.#socket!.write(this.request.bytes);
    this.#written = written;
    if (written < 0) this.abort("reset", "closed before the request was sent");
  }

  writeRest(): void {
    if (!this.#busy || this.#written >= this.request.bytes.length) return;
    const written = this.#socket!.write(this.request.bytes, this.#written);
    if (written > 0) this.#written += written;
  }

  data(chunk: Uint8Array): void {
    this.#pool.activity++;
    if (!this.#busy) {
      this.abort("garbage", "an answer without a request");
      return;
    }
    const parsed = this.reply.push(chunk);
    if (parsed === "more") return;
    if (parsed === "garbage") {
      this.abort("garbage", this.reply.reason);
      return;
    }
    this.endedMs = performance.now();
    this.#busy = false;
    if (this.reply.keepAlive) {
      this.#pool.release(this);
    } else {
      this.#close();
      this.deliver();
    }
  }

  deliver(): void {
    this.#sink.replied(this);
  }

  closed(error: Error | undefined): void {
    if (this.#closed) return;
    if (this.#busy && this.reply.end() === "done") {
      this.endedMs = performance.now();
      this.#busy = false;
      this.#close();
      this.deliver();
      return;
    }
    const when = this.reply.untouched ? "before an answer" : "in the middle of an answer";
    this.abort("reset", error?.message ?? `closed ${when}`);
  }

  expire(now: number, timeoutMs: number): void {
    if (!this.#busy || now - this.#sinceMs < timeoutMs) return;
    const what = Number.isNaN(this.sentMs) ? "no connection" : "no whole answer";
    this.abort("timeout", `${what} within ${timeoutMs} ms`);
  }

  /** Gives the connection up; the request that it carries, if any, fails. */
  abort(kind: FailureKind, detail: string): void {
    if (this.#closed) return;
    this.endedMs = performance.now();
    const busy = this.#busy;
    this.#busy = false;
    this.#close();
    if (busy) this.#sink.failed(kind, detail, this);
  }

  #close(): void {
    this.#closed = true;
    this.#socket?.terminate();
    this.#pool.forget(this);
  }
}

// One set of handlers for all sockets, so that a connection costs no closures.
const handlers = {
  binaryType: "uint8array" as const,
  open: (socket: Socket<Connection>) => socket.data.opened(socket),
  data: (socket: Socket<Connection>, chunk: Uint8Array) => socket.data.data(chunk),
  drain: (socket: Socket<Connection>) => socket.data.writeRest(),
  close: (socket: Socket<Connection>, error?: Error) => socket.data.closed(error),
  error: (socket: Socket<Connection>, error: Error) => socket.data.closed(error),
  connectError: (socket: Socket<Connection>, error: Error) => socket.data.abort("refused", error.message),
};
