import { MicrocosmError } from "../../../sdk/errors.ts";
import type { Clock } from "../../clock.ts";
import type { Link, OutgoingBody, Peer, Transport } from "../../transport/transport.ts";
import type { TimelineEntry } from "../model.ts";
import { type Answer, jsonOf, type TelemetryAnswers } from "./answers.ts";
import type { QueryParameters } from "./queries.ts";

export interface ObserverClientOptions {
  readonly transport: Transport;
  readonly self: Peer;
  /** Where the observer listens; waits for it up to the deadline, then rejects. */
  readonly locate: (deadline: number) => Promise<string>;
  readonly clock: Clock;
}

const askTimeoutMs = 10_000;
/** Between attempts to tell what was done, while there is no observer. */
const retryMs = 1000;
/** Entries kept while there is no observer; the oldest give way. */
const maxNotes = 1000;

/** The observer as others ask it: connects on first use, and again when the link is gone. */
export class ObserverClient implements TelemetryAnswers {
  readonly #options: ObserverClientOptions;
  #link: Promise<Link> | undefined;
  #notes: TimelineEntry[] = [];
  #telling = false;
  #cancelRetry: () => void = () => {};
  #stopped = false;

  constructor(options: ObserverClientOptions) {
    this.#options = options;
  }

  /** Rejects with what the query says, or with `no-ready-instance`, `link-closed`, `deadline-exceeded`. */
  async ask(query: string, params: QueryParameters = {}, body: OutgoingBody = null): Promise<Answer> {
    const deadline = this.#options.clock.now() + askTimeoutMs;
    const link = await this.#connected(deadline);
    return new Promise((resolve, reject) => {
      link.call({ query, params }, body, deadline, {
        reply: (head, answer) => {
          const type = (head as { type?: unknown } | null)?.type;
          resolve({ type: typeof type === "string" ? type : "application/json", body: answer });
        },
        fail: reject,
      });
    });
  }

  /** The answer of a query that answers with JSON. */
  async json<T>(query: string, params: QueryParameters = {}): Promise<T> {
    return await jsonOf<T>(this, query, params);
  }

  /** Tells of something done to the system; kept, within bounds, until there is an observer. */
  note(entry: TimelineEntry): void {
    if (this.#stopped) return;
    this.#notes.push(entry);
    if (this.#notes.length > maxNotes) this.#notes.shift();
    void this.#tell();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    const link = await this.#link?.catch(() => undefined);
    await link?.close();
  }

  /** By a call and not a notification: what the observer did not take when it ended is told to the next one. */
  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    this.#cancelRetry();
    while (this.#notes.length > 0 && !this.#stopped) {
      const entries = this.#notes.splice(0);
      try {
        await this.ask("note", {}, JSON.stringify(entries));
      } catch {
        this.#notes = [...entries, ...this.#notes].slice(-maxNotes);
        this.#cancelRetry = this.#options.clock.after(retryMs, () => void this.#tell());
        break;
      }
    }
    this.#telling = false;
  }

  async #connected(deadline: number): Promise<Link> {
    if (this.#stopped) throw new MicrocosmError("cancelled", "The run is ending.");
    const known = await this.#link?.catch(() => undefined);
    if (known?.open === true) return known;
    this.#link = this.#connect(deadline);
    return this.#link;
  }

  async #connect(deadline: number): Promise<Link> {
    const { transport, self, locate } = this.#options;
    return transport.connect(await locate(deadline), {
      self,
      // The observer asks all that connect for traces; there are no spans here.
      handler: { call: (call) => call.reply(null, null) },
    });
  }
}
