import type { MicrocosmError } from "../../sdk/errors.ts";

/** Who is at an end of a link; each side tells the other in its hello. */
export interface Peer {
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
}

/** Bytes, text (sent as UTF-8), a stream of bytes, or nothing. Bytes handed over must not be changed afterwards. */
export type OutgoingBody = Uint8Array | string | ReadableStream<Uint8Array> | null;

/**
 * Whole when it came in one frame, a stream when it came in chunks. An empty body is a Uint8Array of length 0. Bytes
 * are views of what the socket delivered, up to 512 KiB at once: copy a small body that is kept for long.
 */
export type IncomingBody = Uint8Array | ReadableStream<Uint8Array>;

/** Takes the outcome of one call; exactly one of the two is called, once. Both must not throw. */
export interface ReplySink {
  reply(head: unknown, body: IncomingBody): void;
  fail(error: MicrocosmError): void;
}

/** One multiplexed connection between two processes. Either end may call the other. */
export interface Link {
  readonly self: Peer;
  readonly peer: Peer;
  /** False once closed; calls then fail with `link-closed`. */
  readonly open: boolean;
  /** Calls started here that have no outcome yet. */
  readonly pending: number;
  /** Something is under way: a call of either end without an outcome, or a body that still streams. */
  readonly busy: boolean;
  /**
   * Starts a call and returns its stream id. Does not block; frames of one tick leave in one write. `head` is any
   * msgpack value. `deadline` is absolute (ms since the epoch, 0 for none): when it passes the sink fails with
   * `deadline-exceeded` and the callee is told to cancel. It bounds the wait for the reply; a reply's streamed body
   * may come for longer. The sink is never called before `call` returned.
   */
  call(head: unknown, body: OutgoingBody, deadline: number, sink: ReplySink): number;
  /**
   * Gives a call up: its sink fails with `cancelled`, the callee's signal aborts. When the reply was there already, its
   * streamed body breaks off instead. Unknown ids are ignored.
   */
  cancel(stream: number): void;
  /** False where both ends are in one process: the other end then has what was handed over, and no copy of it. */
  readonly copies: boolean;
  /** One way, no answer. Where the link copies, the body is the caller's again at once. Ordered with other notifications of this end. Throws `body-too-large` over 1 MiB. */
  notify(head: unknown, body?: Uint8Array): void;
  /** Sends what is queued now and not at the end of the tick: for what must be out before this process may hang. */
  flush(): void;
  /** Bytes queued here that the kernel has not taken yet. */
  readonly buffered: number;
  /** Resolves when `buffered` fell below the low-water mark, or the link closed. */
  drained(): Promise<void>;
  /** Flushes, then closes. Calls under way on either end fail with `link-closed`. Idempotent. */
  close(): Promise<void>;
}

/** A call that arrived. Answer it exactly once with `reply` or `fail`; later answers are ignored. */
export interface IncomingCall {
  readonly link: Link;
  readonly head: unknown;
  readonly body: IncomingBody;
  /** Absolute, ms since the epoch; 0 for none. A call that arrives expired is failed by the link and never seen. */
  readonly deadline: number;
  /** Made on first use. Aborted on the caller's cancel, the deadline, or when the link closes. */
  readonly signal: AbortSignal;
  reply(head: unknown, body: OutgoingBody): void;
  fail(error: MicrocosmError): void;
}

export interface LinkHandler {
  /** Must not throw; a rejection of what it starts is its own to handle. */
  call(call: IncomingCall): void;
  notify?(link: Link, head: unknown, body: Uint8Array): void;
  opened?(link: Link): void;
  /** Replies leave before the turn is over. What must be out before them is to be sent now. */
  leaving?(link: Link): void;
  /** `error` is set when the link broke: `bad-frame`, `link-closed`. Called once. */
  closed?(link: Link, error: MicrocosmError | undefined): void;
}

export interface LinkOptions {
  readonly self: Peer;
  readonly handler: LinkHandler;
  /**
   * What is sent in one task leaves right after it, and not with the turn: before what the turn's other links send.
   * Dearer: one write a task.
   */
  readonly isEarly?: boolean;
}

export interface Listener {
  readonly address: string;
  /** Takes no further connections; existing links stay open. */
  stop(): Promise<void>;
}

/** How links are made. Addresses are the implementation's own: a socket path, a name, host:port. */
export interface Transport {
  readonly name: string;
  /** Rejects when the address is taken by a live listener; a stale socket file is replaced. */
  listen(address: string, options: LinkOptions): Promise<Listener>;
  /** Resolves after the handshake. Rejects with `link-closed` when nobody listens, `bad-frame` when it is not us. */
  connect(address: string, options: LinkOptions): Promise<Link>;
}
