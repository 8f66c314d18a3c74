import type { Frames } from "../protocol/frame.ts";

/** What carries a link's frames to the other end. */
export interface Wire {
  /** Frames written here arrive in order. */
  readonly frames: Frames<Uint8Array | string>;
  /** Whether what is in a frame was copied when it is written; else the other end gets the same bytes. */
  readonly copies: boolean;
  /** Bytes written that have not left. */
  readonly buffered: number;
  /** So much waits that streamed bodies pause, until the wire calls the link's `resume`. */
  readonly congested: boolean;
  /** So much waits that nothing more is taken. */
  readonly full: boolean;
  drained(): Promise<void>;
  /** A call or a reply was written. Returns whether so many wait now that they should leave before the tick is over. */
  isBurst(): boolean;
  /** Sends now what would be sent at the end of the tick. */
  flush(): void;
  /** Sends what is waiting, then closes; resolves when closed. Bounded in time. */
  close(): Promise<void>;
}
