import { Fifo } from "../../fifo.ts";
import type { LogRecord } from "../model.ts";

/** Message and fields of one record are cut to this together, in UTF-16 units. */
const maxRecordLength = 64 * 1024;

/** Log records that wait to be sent. The oldest give way to new ones, and are counted. */
export class LogBuffer {
  readonly #maxRecords: number;
  readonly #maxLength: number;
  readonly #records = new Fifo<{ readonly record: LogRecord; readonly length: number }>();
  #length = 0;
  #dropped = 0;
  #cut = 0;

  /** Bounded in records and in their length (UTF-16 units, near enough to bytes). */
  constructor(maxRecords: number, maxLength: number) {
    this.#maxRecords = maxRecords;
    this.#maxLength = maxLength;
  }

  get waiting(): number {
    return this.#records.length;
  }

  /** `isCut`: it is shorter than it was already. */
  add(record: LogRecord, isCut = false): void {
    const { fields } = record;
    const fieldsLength = fields === undefined ? 0 : JSON.stringify(fields).length;
    const whole = record.message.length + fieldsLength <= maxRecordLength;
    if (isCut || !whole) this.#cut++;
    const kept = whole ? record : cut(record, fieldsLength);
    const length = (whole ? record.message.length + fieldsLength : kept.message.length) + 128;
    this.#records.push({ record: kept, length });
    this.#length += length;
    while (this.waiting > this.#maxRecords || this.#length > this.#maxLength) {
      this.#shift();
      this.#dropped++;
    }
  }

  /** The oldest, at most `limit` records and `maxLength` beyond the first. */
  take(limit: number, maxLength: number): LogRecord[] {
    const taken: LogRecord[] = [];
    let length = 0;
    while (taken.length < limit && this.waiting > 0) {
      length += this.#records.peek()!.length;
      if (taken.length > 0 && length > maxLength) break;
      taken.push(this.#shift());
    }
    return taken;
  }

  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** How many lines were added that are shorter than they were, since the last time. */
  takeCut(): number {
    const cut = this.#cut;
    this.#cut = 0;
    return cut;
  }

  #shift(): LogRecord {
    const { record, length } = this.#records.shift()!;
    this.#length -= length;
    return record;
  }
}

function cut(record: LogRecord, fieldsLength: number): LogRecord {
  const { fields: _fields, ...rest } = record;
  const message =
    record.message.length <= maxRecordLength
      ? record.message
      : `${record.message.slice(0, maxRecordLength)}… (${record.message.length} characters)`;
  return fieldsLength === 0
    ? { ...rest, message }
    : { ...rest, message, fields: { cut: `${fieldsLength} characters of fields left out` } };
}
