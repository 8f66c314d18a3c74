/**
 * Takes the frames of a chunked body off (RFC 9112 §7.1).
 *
 * ```
 * 1a;name=value CRLF   size in hexadecimal; extensions are skipped
 * 26 bytes CRLF
 * 0 CRLF
 * Trailer: x CRLF      skipped: no field of a trailer may change what was decided already
 * CRLF
 * ```
 */
import { BadRequest, malformed } from "./request-head.ts";

/** Of one size line, and of all trailers together. */
const maxLineBytes = 1024;
const maxTrailerBytes = 16 * 1024;
/** Eight digits: chunks of up to 4 GiB. */
const maxSizeDigits = 8;

type Place = "size" | "extension" | "data" | "after-data" | "trailer" | "done";

export class ChunkedDecoder {
  #place: Place = "size";
  #size = 0;
  #digits = 0;
  /** Of the line or the trailers being read. */
  #lineBytes = 0;
  #trailerBytes = 0;
  #sawReturn = false;

  get done(): boolean {
    return this.#place === "done";
  }

  /** Hands the data in `bytes` from `at` on to `data`, as views. Returns where the body ends, or the length. Throws BadRequest. */
  push(bytes: Uint8Array, at: number, data: (view: Uint8Array) => void): number {
    while (at < bytes.length && this.#place !== "done") {
      if (this.#place === "data") {
        const end = Math.min(bytes.length, at + this.#size);
        data(bytes.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#place = "after-data";
      } else {
        this.#control(bytes[at++]!);
      }
    }
    return at;
  }

  #control(byte: number): void {
    if (this.#sawReturn) {
      if (byte !== 10) throw malformed("a line of its chunked body does not end in CRLF");
      this.#sawReturn = false;
      this.#lineEnded();
      return;
    }
    if (byte === 13) {
      this.#sawReturn = true;
      return;
    }
    if (byte === 10 || byte === 0) throw malformed("a line of its chunked body does not end in CRLF");
    switch (this.#place) {
      case "size":
        this.#sizeByte(byte);
        break;
      case "after-data":
        throw malformed("a chunk of its body is longer than announced");
      case "extension":
      case "trailer":
        this.#count();
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > maxSizeDigits) throw malformed("a chunk's size has too many digits");
      this.#size = this.#size * 16 + digit;
      return;
    }
    const endsSize = byte === 0x3b || byte === 0x20 || byte === 0x09;
    if (!endsSize || this.#digits === 0) throw malformed("a chunk's size is no number");
    this.#place = "extension";
  }

  #count(): void {
    this.#lineBytes++;
    const trailer = this.#place === "trailer";
    if (trailer) this.#trailerBytes++;
    if (trailer ? this.#trailerBytes > maxTrailerBytes : this.#lineBytes > maxLineBytes) {
      throw new BadRequest(431, "head-too-large", "Extensions or trailers of the chunked body are too long.");
    }
  }

  #lineEnded(): void {
    switch (this.#place) {
      case "size":
      case "extension":
        if (this.#digits === 0) throw malformed("a chunk has no size");
        this.#place = this.#size === 0 ? "trailer" : "data";
        this.#digits = 0;
        break;
      case "after-data":
        this.#place = "size";
        break;
      case "trailer":
        if (this.#lineBytes === 0) this.#place = "done";
    }
    this.#lineBytes = 0;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
