import type { Link } from "../transport/transport.ts";
import type { DeliverySink } from "./consumer.ts";
import { DeliveryWriter } from "./delivery.ts";
import type { Entry } from "./entry.ts";
import type { Run } from "./run.ts";
import { maxEventsPerFrame } from "./wire.ts";

export interface LinkSinkOptions {
  /** Bytes waiting for a client at which its consumers get nothing more until they have left. */
  readonly clogBytes: number;
  /** A frame of single deliveries is sent when it has this many. */
  readonly frameBytes: number;
}

/** Runs shorter than this join the single deliveries: a frame of their own would cost more than their copy. */
const fewestOfRun = 4;

/** Deliveries to one consumer, gathered into frames. */
export class LinkSink implements DeliverySink {
  readonly #link: Link;
  readonly #token: number;
  readonly #options: LinkSinkOptions;
  readonly #onClog: () => void;
  readonly #writer = new DeliveryWriter();
  #firstTag = 0;

  constructor(link: Link, token: number, options: LinkSinkOptions, onClog: () => void) {
    this.#link = link;
    this.#token = token;
    this.#options = options;
    this.#onClog = onClog;
  }

  get writable(): boolean {
    // Asked for every event; what is queued changes only when a frame is sent.
    if (this.#writer.count > 0) return true;
    if (this.#link.buffered < this.#options.clogBytes) return true;
    this.#onClog();
    return false;
  }

  push(tag: number, { offset, deliveries, lastError, records, at }: Entry): void {
    this.#append(tag, offset, deliveries, lastError, records, at);
  }

  pushRun(run: Run): void {
    if (run.count < fewestOfRun) {
      for (let i = 0; i < run.count; i++) {
        const offset = run.offset + i;
        this.#append(run.tag + i, offset, 1, undefined, run.records, run.locate(offset));
      }
      return;
    }
    this.flush();
    this.#link.notify(
      ["run", this.#token, run.tag, run.count, run.offset],
      run.records.subarray(run.from, run.to),
    );
  }

  flush(): void {
    const { count } = this.#writer;
    if (count > 0) this.#link.notify(["deliver", this.#token, this.#firstTag, count], this.#writer.take());
  }

  #append(
    tag: number,
    offset: number,
    deliveries: number,
    lastError: string | undefined,
    records: Buffer,
    at: number,
  ): void {
    const writer = this.#writer;
    if (writer.count === 0) this.#firstTag = tag;
    writer.append(offset, deliveries, lastError, records, at);
    if (writer.bytes >= this.#options.frameBytes || writer.count >= maxEventsPerFrame) this.flush();
  }
}
