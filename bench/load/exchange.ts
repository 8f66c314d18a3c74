import type { ResponseParser } from "./response-parser.ts";

/**
 * Why a request got no answer: the connection was refused (or the name not found), broke, was silent too long, carried
 * something that is not HTTP/1.1, or never got free so that the request was not sent at all.
 */
export type FailureKind = "refused" | "reset" | "timeout" | "garbage" | "unsent";
export const failureKinds: readonly FailureKind[] = ["refused", "reset", "timeout", "garbage", "unsent"];

/** A request, its bytes made once and sent as often as needed. */
export interface OutgoingRequest {
  readonly bytes: Uint8Array;
  readonly isHead: boolean;
  /** Head and body of the answer are wanted, not its status alone. */
  readonly keepReply: boolean;
}

/** What is recorded of something that ended. Times: performance.now(). */
export interface Timed {
  /** When it should have been sent. */
  readonly intendedMs: number;
  /** When its first byte went out; NaN when none did. */
  readonly sentMs: number;
  readonly endedMs: number;
  readonly reply: { readonly status: number; readonly bodyBytes: number };
}

/** A request under way. Its fields hold until `ReplySink` returns or sends the next request. Times: performance.now(). */
export interface Exchange extends Timed {
  readonly request: OutgoingRequest;
  readonly context: unknown;
  readonly reply: ResponseParser;
}

export interface ReplySink {
  replied(exchange: Exchange): void;
  failed(kind: FailureKind, detail: string, exchange: Exchange): void;
}
