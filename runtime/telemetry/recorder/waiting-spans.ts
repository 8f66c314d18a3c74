import { Fifo } from "../../fifo.ts";
import type { SpanRecord } from "../model.ts";
import { type EndedSpan, recordOf, type SpanOwner } from "./ended-span.ts";
import type { SpanIds } from "./trace-context.ts";

/** Spans that wait to be sent. The oldest give way to new ones, and are counted as lost. */
export class WaitingSpans {
  readonly #limit: number;
  readonly #ids: SpanIds;
  readonly #spans = new Fifo<EndedSpan>();
  #lost = 0;

  constructor(limit: number, ids: SpanIds) {
    if (!(Number.isInteger(limit) && limit >= 1)) {
      throw new RangeError(`maxSpans: expected at least 1, got ${limit}`);
    }
    this.#limit = limit;
    this.#ids = ids;
  }

  get count(): number {
    return this.#spans.length;
  }

  add(span: EndedSpan): void {
    if (this.count === this.#limit) {
      this.#spans.shift();
      this.#lost++;
    }
    this.#spans.push(span);
  }

  /** The oldest, at most `limit` of about `maxLength` characters together. */
  take(limit: number, maxLength: number, owner: SpanOwner): SpanRecord[] {
    const records: SpanRecord[] = [];
    let length = 0;
    while (records.length < limit && length < maxLength) {
      const span = this.#spans.shift();
      if (span === undefined) break;
      const record = recordOf(span, this.#ids, owner);
      if (record === undefined) this.#lost++;
      else {
        records.push(record);
        length += lengthOf(record);
      }
    }
    return records;
  }

  /** How many could not be sent, since the last time. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}

/** Characters of a record, near enough. */
function lengthOf({ name, attributes }: SpanRecord): number {
  let length = 256 + name.length;
  for (const key in attributes) {
    const value = attributes[key]!;
    length += key.length + (typeof value === "string" ? value.length : 8);
  }
  return length;
}
