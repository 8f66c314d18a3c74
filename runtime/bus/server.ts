import type { Logger } from "../../sdk/service.ts";
import type { Clock, Random } from "../clock.ts";
import type { TopicsConfig } from "../topology/model.ts";
import type { Link, Listener, Peer, Transport } from "../transport/transport.ts";
import type { TopicInfo } from "./broker.ts";
import { BrokerEngine } from "./engine.ts";
import type { BrokerLimits } from "./limits.ts";
import type { LinkSinkOptions } from "./link-sink.ts";
import { Session } from "./session.ts";

export interface BrokerServerOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly self: Peer;
  readonly topics: TopicsConfig;
  /** `<data>/broker.sqlite`; ":memory:" keeps nothing. */
  readonly file: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger | undefined;
  readonly limits?: Partial<BrokerLimits> | undefined;
}

/** Frames stay far below the protocol's longest body: a record is 960 KiB at the most and goes in a frame of its own. */
const sessionOptions: LinkSinkOptions = { clogBytes: 1024 * 1024, frameBytes: 48 * 1024 };

/** The message log as a network service: an engine, and a session for each link. */
export class BrokerServer {
  readonly #options: BrokerServerOptions;
  readonly #engine: BrokerEngine;
  readonly #sessions = new Map<Link, Session>();
  #listener: Listener | undefined;

  constructor(options: BrokerServerOptions) {
    this.#options = options;
    const { file, topics, clock, random, log, limits } = options;
    this.#engine = new BrokerEngine({ file, topics, clock, random, log, limits });
  }

  /** Where it listens; known after start. */
  get address(): string {
    return this.#listener?.address ?? this.#options.address;
  }

  /** Opens the log, then listens. Rejects with `data-unwritable` or what the transport says. */
  async start(): Promise<void> {
    const { transport, address, self } = this.#options;
    this.#engine.start();
    try {
      this.#listener = await transport.listen(address, {
        self,
        handler: {
          opened: (link) => void this.#session(link),
          call: (call) => this.#session(call.link).called(call),
          notify: (link, head, body) => this.#session(link).notified(head, body),
          closed: (link) => {
            this.#sessions.get(link)?.closed();
            this.#sessions.delete(link);
          },
        },
      });
    } catch (error) {
      this.#engine.stop();
      throw error;
    }
  }

  /** Commits what was published, closes the links and the file. Idempotent. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.stop();
    // Before the links close: publishes that arrived are committed and answered, and what consumers have in flight is
    // not taken for failed.
    this.#engine.stop();
    await Promise.all([...this.#sessions.keys()].map((link) => link.close()));
    this.#sessions.clear();
  }

  async health(): Promise<{ readonly ok: boolean; readonly reason?: string }> {
    const fault = this.#engine.fault();
    return fault === undefined ? { ok: true } : { ok: false, reason: fault.message };
  }

  /** Empty while it is not running. */
  topics(): readonly TopicInfo[] {
    return this.#listener === undefined ? [] : this.#engine.topics();
  }

  #session(link: Link): Session {
    let session = this.#sessions.get(link);
    if (session === undefined) {
      session = new Session(this.#engine, link, sessionOptions);
      this.#sessions.set(link, session);
    }
    return session;
  }
}
