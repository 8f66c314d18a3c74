import type { MicrocosmError } from "../../sdk/errors.ts";

/**
 * Every frame, all integers little-endian:
 *
 * ```
 *  0               4     5      6       8               12              16
 *  ├───────────────┼─────┼──────┼───────┼───────────────┼───────────────┼── ─ ─ ───┬── ─ ─ ───┬── ─ ─ ───┐
 *  │ frame length  │ ver │ kind │ flags │ stream id     │ head length   │ prefix   │ head     │ body     │
 *  │ u32           │ u8  │ u8   │ u16   │ u32           │ u32           │ by kind  │ msgpack  │ raw bytes│
 *  └───────────────┴─────┴──────┴───────┴───────────────┴───────────────┴── ─ ─ ───┴── ─ ─ ───┴── ─ ─ ───┘
 * ```
 *
 * The frame length counts the whole frame, header included; the body is what is left after the head.
 *
 * | kind | sent by | stream | prefix | head | body |
 * | --- | --- | --- | --- | --- | --- |
 * | 1 hello | both, first | 0 | | [magic, service, instance, generation] | |
 * | 2 call | caller | new | f64 deadline | any value | request body; none when flag `streamed` |
 * | 3 reply | callee | the call's | | any value | reply body; none when flag `streamed` |
 * | 4 fail | either | the call's | | [code, message] | |
 * | 5 chunk | either | the call's | | | next bytes of the sender's body |
 * | 6 end | either | the call's | | | |
 * | 7 credit | either | the call's | u32 bytes | | |
 * | 8 stop | callee | the call's | | | |
 * | 9 cancel | caller | the call's | | | |
 * | 10 notify | either | 0 | | any value | bytes |
 * | 11 goaway | either, last | 0 | | none, or [code, message] | |
 */
export const protocolVersion = 1;

export const headerBytes = 16;
export const deadlineBytes = 8;
export const creditBytes = 4;

export const Kind = {
  hello: 1,
  call: 2,
  reply: 3,
  fail: 4,
  chunk: 5,
  end: 6,
  credit: 7,
  stop: 8,
  cancel: 9,
  notify: 10,
  goaway: 11,
} as const;

export type Kind = (typeof Kind)[keyof typeof Kind];

export const lastKind = Kind.goaway;

/** The body follows in chunks. The only flag of version 1; all other bits are 0. */
export const flagStreamed = 1;

/** First element of a hello's head: a stranger that happens to send a plausible length is still recognised. */
export const helloMagic = "microcosm";

/** A head must fit: 64 KiB of HTTP headers, a batch of events. */
export const maxHeadBytes = 1 << 20;
/** Body within one frame. Longer ones go as chunks; a notification has no chunks and must fit. */
export const maxBodyBytes = 1 << 20;
/** Longest frame taken from a peer; checked before anything is allocated for it. */
export const maxFrameBytes = headerBytes + deadlineBytes + maxHeadBytes + maxBodyBytes;
/** A hello is small, and nobody is trusted to send more before it. */
export const maxHelloBytes = 4096;

/** Bodies up to here travel inside their call or reply. */
export const inlineBodyBytes = 64 * 1024;
/** Longest chunk. Small enough that streams sharing a link take turns, large enough that headers cost nothing. */
export const chunkBytes = 32 * 1024;
/** Bytes a sender may send of one body before the receiver has taken any; both ends begin with this. */
export const windowBytes = 256 * 1024;

export const emptyBytes: Uint8Array = new Uint8Array(0);

/**
 * One direction of a link: what one end says and the other hears. The encoder is one that writes bytes, the decoder
 * drives one from bytes, the in-memory transport carries the calls over as they are.
 *
 * `Body` is what a whole body may be: also text for those that write it, bytes for those that read it.
 */
export interface Frames<Body extends Uint8Array | string = Uint8Array> {
  call(stream: number, deadline: number, head: unknown, body: Body, streamed: boolean): void;
  reply(stream: number, head: unknown, body: Body, streamed: boolean): void;
  /** Before the reply: the call's outcome. After it, and from the caller: the body being sent broke off. */
  fail(stream: number, error: MicrocosmError): void;
  chunk(stream: number, bytes: Uint8Array): void;
  /** The body being sent is complete. */
  end(stream: number): void;
  /** The reader took `bytes` more; as many more may be sent. */
  credit(stream: number, bytes: number): void;
  /** The callee reads no more of the request's body. */
  stop(stream: number): void;
  cancel(stream: number): void;
  notify(head: unknown, body: Uint8Array): void;
  /** Last frame of an end that closes; with an error when the other end's frames were at fault. */
  goaway(error: MicrocosmError | undefined): void;
}
