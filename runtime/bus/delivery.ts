import { areRecords, recordHeaderBytes, recordLength } from "./record.ts";

/**
 * Events on their way from the broker, one behind the other. Little-endian.
 *
 * ```
 *  0  f64  offset
 *  8  u16  delivery, from 1; 65535 for that and more
 * 10  u16  bytes of the last error
 * 12  last error (UTF-8), then the record (record.ts)
 * ```
 */
const headerBytes = 12;
/** Of a last error, in UTF-16 units. The rest is cut off. */
const maxErrorLength = 1000;

const nothing = Buffer.alloc(0);
const fewestBytes = 512;

export class DeliveryWriter {
  #buffer: Buffer = nothing;
  #capacity = fewestBytes;
  #length = 0;
  count = 0;

  get bytes(): number {
    return this.#length;
  }

  append(offset: number, delivery: number, lastError: string | undefined, records: Buffer, at: number): void {
    const length = recordLength(records, at);
    const error = lastError?.slice(0, maxErrorLength) ?? "";
    const start = this.#length;
    this.#reserve(start + headerBytes + error.length * 3 + length);
    const buffer = this.#buffer;
    const errorBytes = error === "" ? 0 : buffer.write(error, start + headerBytes);
    buffer.writeDoubleLE(offset, start);
    buffer.writeUInt16LE(Math.min(delivery, 65535), start + 8);
    buffer.writeUInt16LE(errorBytes, start + 10);
    const record = start + headerBytes + errorBytes;
    records.copy(buffer, record, at, at + length);
    this.#length = record + length;
    this.count++;
  }

  /** What was written; it is the caller's, and the writer begins a new buffer. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    // About the size of what was taken: batches of one writer are mostly alike, and a copy would cost more.
    this.#capacity = Math.max(fewestBytes, this.#length + (this.#length >> 3));
    this.#buffer = nothing;
    this.#length = 0;
    this.count = 0;
    return taken;
  }

  #reserve(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#capacity, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/**
 * Visits `count` deliveries. False when the bytes are not exactly that; the visits before the fault have then happened.
 */
export function readDeliveries(
  body: Buffer,
  count: number,
  visit: (offset: number, delivery: number, lastError: string | undefined, at: number) => void,
): boolean {
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + headerBytes + recordHeaderBytes > body.length) return false;
    const errorBytes = body.readUInt16LE(at + 10);
    const record = at + headerBytes + errorBytes;
    if (record + recordHeaderBytes > body.length) return false;
    const length = recordLength(body, record);
    if (record + length > body.length || !areRecords(body, record, record + length, 1)) return false;
    const lastError = errorBytes === 0 ? undefined : body.toString("utf8", at + headerBytes, record);
    visit(body.readDoubleLE(at), body.readUInt16LE(at + 8), lastError, record);
    at = record + length;
  }
  return at === body.length;
}
