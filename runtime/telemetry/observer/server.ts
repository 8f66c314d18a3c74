import { MicrocosmError } from "../../../sdk/errors.ts";
import { systemClock } from "../../clock.ts";
import type {
  IncomingCall,
  Link,
  Listener,
  OutgoingBody,
  Peer,
  Transport,
} from "../../transport/transport.ts";
import { decodeBatch } from "../batch-body.ts";
import type { CollectRequest } from "../model.ts";
import type { TelemetryExportConfig } from "../../topology/model.ts";
import { readBounded } from "./body.ts";
import { Exports } from "./export/exports.ts";
import { checkTimelineEntry } from "./intake.ts";
import { Observer } from "./observer.ts";
import type { ObserverOptions } from "./options.ts";
import { protobufAnswer } from "./otlp/protobuf.ts";
import { OtlpReceiver } from "./otlp/receiver.ts";
import type { OtlpSignal } from "./otlp/decode.ts";
import { withOwnTotals } from "./own-totals.ts";
import { expose, scrapeTypes } from "./prometheus.ts";
import { queries, type QueryParameters } from "./queries.ts";

export interface ObserverServerOptions extends ObserverOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly self: Peer;
  readonly warn?: (message: string) => void;
  /** Called when much has become garbage: for a process that is the observer's own. Default nothing. */
  readonly collectGarbage?: (() => void) | undefined;
  /** Where telemetry goes besides. */
  readonly exports?: TelemetryExportConfig | undefined;
}

/** One OTLP document; a batch of an SDK has some hundred kilobytes. */
const maxOtlpBytes = 16 * 1024 * 1024;
/** A worker that reads no more gets no requests: they are hints, and the link must not grow. */
const maxBufferedBytes = 256 * 1024;

/**
 * The observer as a network service. What comes over a link:
 *
 * | frame | head | meaning |
 * | --- | --- | --- |
 * | notify | TelemetryBatch as JSON in the body | what a worker has to tell |
 * | call | `{query, params}` | a question of queries.ts; the answer is JSON text in the body |
 * | call | `{query: "note"}`, TimelineEntry[] as JSON in the body | what was done to the system |
 * | call | `{query: "settle"}` | write all you can, a copy of the file is to be made; ObserverStats |
 * | call | `{query: "scrape", params: {format}}` | the metrics as Prometheus text |
 * | call | `{query: "otlp", params: {signal, encoding}}`, OTLP as body | what a process outside has to tell |
 *
 * And it sends CollectRequests to all that connected.
 */
export class ObserverServer {
  readonly observer: Observer;
  readonly #options: ObserverServerOptions;
  readonly #exports: Exports;
  readonly #receiver: OtlpReceiver;
  readonly #links = new Set<Link>();
  #listener: Listener | undefined;
  #pending = 0;
  #calls = 0;
  #errors = 0;

  constructor(options: ObserverServerOptions) {
    this.#options = options;
    this.observer = new Observer(options, {
      collect: (traceIds) => this.#collect(traceIds),
      traces: (traces) => {
        for (const spans of traces) this.#exports.spans(spans);
      },
      logs: (logs) => this.#exports.logs(logs),
      ...(options.warn === undefined ? {} : { warn: options.warn }),
      ...(options.collectGarbage === undefined ? {} : { garbage: options.collectGarbage }),
    });
    this.#receiver = new OtlpReceiver(this.observer.intake, this.observer.tally, this.observer.now());
    this.#exports = new Exports({
      config: options.exports ?? {},
      totals: () => this.observer.totals(),
      tally: this.observer.tally,
      clock: options.clock ?? systemClock,
      warn: (message) => options.warn?.(message),
    });
  }

  /** Where it listens; known after start. */
  get address(): string {
    return this.#listener?.address ?? this.#options.address;
  }

  get load(): { readonly pending: number; readonly calls: number; readonly errors: number } {
    return { pending: this.#pending, calls: this.#calls, errors: this.#errors };
  }

  /** Opens the file, then listens. Rejects with `data-unwritable`, or what the transport says. */
  async start(): Promise<void> {
    const { transport, address, self } = this.#options;
    this.observer.start();
    this.#exports.start();
    try {
      this.#listener = await transport.listen(address, {
        self,
        handler: {
          opened: (link) => void this.#links.add(link),
          closed: (link) => void this.#links.delete(link),
          notify: (_link, _head, body) => this.observer.intake.batch(decodeBatch(body), this.observer.now()),
          call: (call) => void this.#called(call),
        },
      });
    } catch (error) {
      this.observer.stop();
      throw error;
    }
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.stop();
    this.observer.stop();
    await Promise.all([this.#exports.stop(), ...[...this.#links].map((link) => link.close())]);
    this.#links.clear();
  }

  #received(params: QueryParameters, bytes: Uint8Array) {
    const encoding = params.encoding === "protobuf" ? "protobuf" : "json";
    const answer = this.#receiver.take(signalOf(params.signal), encoding, bytes, this.observer.now());
    return encoding === "json"
      ? { type: "application/json", text: JSON.stringify(answer) }
      : { type: "application/x-protobuf", text: protobufAnswer(answer) };
  }

  #note(bytes: Uint8Array): void {
    let entries: unknown;
    try {
      entries = JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new MicrocosmError("bad-request", "The entries are no JSON.", { cause });
    }
    for (const value of Array.isArray(entries) ? entries : [entries]) {
      const entry = checkTimelineEntry(value);
      if (entry === undefined) this.observer.tally.count("malformed");
      else this.observer.note(entry);
    }
  }

  async #called(call: IncomingCall): Promise<void> {
    this.#calls++;
    this.#pending++;
    try {
      const { type, text } = await this.#answer(call);
      call.reply({ type }, text);
    } catch (error) {
      this.#errors++;
      call.fail(error instanceof MicrocosmError ? error : this.#defect(error));
    } finally {
      this.#pending--;
    }
  }

  async #answer(call: IncomingCall): Promise<{ readonly type: string; readonly text: OutgoingBody }> {
    const head = (call.head ?? {}) as { readonly query?: unknown; readonly params?: QueryParameters };
    const { query, params = {} } = head;
    if (query === "scrape") {
      const format = params.format === "openmetrics" ? "openmetrics" : "prometheus";
      return { type: scrapeTypes[format], text: expose(withOwnTotals(this.observer), format) };
    }
    if (query === "note") {
      this.#note(await readBounded(call.body, maxOtlpBytes));
      return { type: "application/json", text: "{}" };
    }
    if (query === "settle") {
      return { type: "application/json", text: JSON.stringify(this.observer.settle()) };
    }
    if (query === "otlp") return this.#received(params, await readBounded(call.body, maxOtlpBytes));
    const known = typeof query === "string" && Object.hasOwn(queries, query) ? queries[query] : undefined;
    if (known === undefined) throw new MicrocosmError("bad-request", `There is no query "${query}".`);
    return { type: "application/json", text: JSON.stringify(known(this.observer, params)) };
  }

  #defect(error: unknown): MicrocosmError {
    this.#options.warn?.(`a query failed: ${error instanceof Error ? error.stack : error}`);
    return new MicrocosmError("internal", "The query failed; see the observer's log.", { cause: error });
  }

  #collect(traceIds: readonly string[]): void {
    const request: CollectRequest = { type: "collect", traceIds };
    for (const link of this.#links) {
      if (link.open && link.buffered < maxBufferedBytes) link.notify(request);
    }
  }
}

function signalOf(value: unknown): OtlpSignal {
  if (value === "traces" || value === "logs" || value === "metrics") return value;
  throw new MicrocosmError("bad-request", "OTLP has traces, logs and metrics.");
}
