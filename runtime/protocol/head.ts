import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from "msgpackr/pack";
import { notPlain, PlainReader } from "./plain-reader.ts";
import { type ErrorCode, errorTable, MicrocosmError } from "../../sdk/errors.ts";

/** Packs and unpacks heads. One per encoder or decoder; it keeps nothing between calls but its scratch space. */
export class HeadCodec {
  // useRecords off: records are stateful, and a lost or replayed frame would change the meaning of the next.
  readonly #packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
  readonly #plain = new PlainReader();
  readonly #range = { start: 0, end: 0 };

  /** The result lies in msgpackr's own buffer from `start` to `end` and is valid until the next `pack`. */
  pack(head: unknown): PackedHead {
    return this.#packr.pack(head, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as PackedHead;
  }

  /** Throws `bad-frame` when the bytes are not exactly one msgpack value. */
  unpack(bytes: Uint8Array, start: number, end: number): unknown {
    const value = this.#plain.read(bytes, start, end);
    if (value !== notPlain) return value;
    this.#range.start = start;
    this.#range.end = end;
    try {
      return this.#packr.unpack(bytes, this.#range);
    } catch (cause) {
      throw new MicrocosmError("bad-frame", `a frame's head of ${end - start} bytes is not msgpack`, {
        cause,
      });
    }
  }
}

export interface PackedHead extends Buffer {
  readonly start: number;
  readonly end: number;
}

export type ErrorHead = readonly [code: string, message: string];

/** UTF-16 units of an error's message that travel. A message that quotes a whole body must not break the link. */
const maxMessageLength = 4096;

export function errorToHead(error: MicrocosmError): ErrorHead {
  return [error.code, error.message.slice(0, maxMessageLength)];
}

/** A code this version does not know becomes `internal`, its name kept in the message. */
export function errorFromHead(head: unknown): MicrocosmError {
  if (!Array.isArray(head) || typeof head[0] !== "string" || typeof head[1] !== "string") {
    throw new MicrocosmError("bad-frame", "an error's head is not [code, message]");
  }
  const [code, message] = head as [string, string];
  return Object.hasOwn(errorTable, code)
    ? new MicrocosmError(code as ErrorCode, message)
    : new MicrocosmError("internal", `${code}: ${message}`);
}
