import { MicrocosmError } from "../../../sdk/errors.ts";
import type { IncomingCall, Link, Listener, Peer, Transport } from "../../transport/transport.ts";
import type { CollectRequest } from "../model.ts";
import { checkTimelineEntry } from "./intake.ts";
import { Observer } from "./observer.ts";
import type { ObserverOptions } from "./options.ts";
import { queries, type QueryParameters } from "./queries.ts";

export interface ObserverServerOptions extends ObserverOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly self: Peer;
  readonly warn?: (message: string) => void;
}

/** A worker that reads no more gets no requests: they are hints, and the link must not grow. */
const maxBufferedBytes = 256 * 1024;

/**
 * The observer as a network service. What comes over a link:
 *
 * | frame | head | meaning |
 * | --- | --- | --- |
 * | notify | TelemetryBatch | what a worker has to tell |
 * | notify | `{type: "timeline", entry}` | what was done to the system |
 * | call | `{query, params}` | a question of queries.ts; the answer is JSON text in the body |
 *
 * And it sends CollectRequests to all that connected.
 */
export class ObserverServer {
  readonly observer: Observer;
  readonly #options: ObserverServerOptions;
  readonly #links = new Set<Link>();
  #listener: Listener | undefined;
  #pending = 0;
  #calls = 0;
  #errors = 0;

  constructor(options: ObserverServerOptions) {
    this.#options = options;
    this.observer = new Observer(options, {
      collect: (traceIds) => this.#collect(traceIds),
      ...(options.warn === undefined ? {} : { warn: options.warn }),
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
    try {
      this.#listener = await transport.listen(address, {
        self,
        handler: {
          opened: (link) => void this.#links.add(link),
          closed: (link) => void this.#links.delete(link),
          notify: (_link, head) => this.#notified(head),
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
    await Promise.all([...this.#links].map((link) => link.close()));
    this.#links.clear();
  }

  #notified(head: unknown): void {
    if ((head as { type?: unknown } | null)?.type !== "timeline") {
      this.observer.intake.batch(head, this.observer.now());
      return;
    }
    const entry = checkTimelineEntry((head as { entry?: unknown }).entry);
    if (entry === undefined) this.observer.tally.count("malformed");
    else this.observer.note(entry);
  }

  #called(call: IncomingCall): void {
    this.#calls++;
    try {
      call.reply({ type: "application/json" }, JSON.stringify(this.#answer(call.head)));
    } catch (error) {
      this.#errors++;
      call.fail(error instanceof MicrocosmError ? error : this.#defect(error));
    }
  }

  #defect(error: unknown): MicrocosmError {
    this.#options.warn?.(`a query failed: ${error instanceof Error ? error.stack : error}`);
    return new MicrocosmError("internal", "The query failed; see the observer's log.", { cause: error });
  }

  #answer(head: unknown): unknown {
    const { query, params } = (head ?? {}) as { query?: unknown; params?: unknown };
    const answer = typeof query === "string" && Object.hasOwn(queries, query) ? queries[query] : undefined;
    if (answer === undefined) throw new MicrocosmError("bad-request", `There is no query "${query}".`);
    return answer(this.observer, (params ?? {}) as QueryParameters);
  }

  #collect(traceIds: readonly string[]): void {
    const request: CollectRequest = { type: "collect", traceIds };
    for (const link of this.#links) {
      if (link.open && link.buffered < maxBufferedBytes) link.notify(request);
    }
  }
}
