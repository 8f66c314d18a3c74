import { MicrocosmError } from "../../../sdk/errors.ts";
import type {
  IncomingBody,
  Link,
  LinkHandler,
  Listener,
  OutgoingBody,
  Peer,
  Transport,
} from "../transport.ts";

/** How the suite gets an implementation and disturbs it. */
export interface TransportFixture {
  readonly transport: Transport;
  /** A new address that nobody listens at. */
  address(): string;
  /** Breaks a link's connection without a goodbye, as when a process dies. */
  sever(link: Link): void;
  dispose(): Promise<void>;
}

/** Two connected ends: `link` is the connecting one, `back` the listening one. */
export interface Ends {
  readonly link: Link;
  readonly back: Link;
  readonly listener: Listener;
}

export const near: Peer = { service: "orders", instance: "orders-1", generation: 3 };
export const far: Peer = { service: "catalog", instance: "catalog-2", generation: 1 };
export const quiet: LinkHandler = { call() {} };
export const echo: LinkHandler = { call: (incoming) => incoming.reply(incoming.head, incoming.body) };

/** The implementation under test, with the links made on it, which are closed after each test. */
export class Network {
  readonly #create: () => Promise<TransportFixture>;
  readonly #opened: Ends[] = [];
  #fixture: TransportFixture | undefined;

  constructor(create: () => Promise<TransportFixture>) {
    this.#create = create;
  }

  get fixture(): TransportFixture {
    if (this.#fixture === undefined) throw new Error("the network is used outside of a test");
    return this.#fixture;
  }

  async begin(): Promise<void> {
    this.#fixture = await this.#create();
  }

  async end(): Promise<void> {
    for (const ends of this.#opened.splice(0)) {
      await ends.link.close();
      await ends.back.close();
      await ends.listener.stop();
    }
    await this.fixture.dispose();
    this.#fixture = undefined;
  }

  async connect(farHandler: LinkHandler, nearHandler: LinkHandler = quiet): Promise<Ends> {
    const { transport } = this.fixture;
    const address = this.fixture.address();
    const accepted = Promise.withResolvers<Link>();
    const listener = await transport.listen(address, {
      self: far,
      handler: {
        call: (incoming) => farHandler.call(incoming),
        notify: (link, head, body) => farHandler.notify?.(link, head, body),
        opened: (link) => {
          accepted.resolve(link);
          farHandler.opened?.(link);
        },
        closed: (link, error) => farHandler.closed?.(link, error),
      },
    });
    const link = await transport.connect(address, { self: near, handler: nearHandler });
    const ends = { link, back: await accepted.promise, listener };
    this.#opened.push(ends);
    return ends;
  }
}

export interface Outcome {
  readonly head: unknown;
  readonly body: IncomingBody;
}

export function call(link: Link, head: unknown, body: OutgoingBody = null, deadline = 0): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    link.call(head, body, deadline, { reply: (head, body) => resolve({ head, body }), fail: reject });
  });
}

/** The code that a promise rejects with; "none" when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return error instanceof MicrocosmError ? error.code : String(error);
  }
}

export function bytesOf(body: IncomingBody): Promise<Uint8Array> {
  return new Response(body as Uint8Array<ArrayBuffer>).bytes();
}

const untilBoundMs = 10_000;

export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + untilBoundMs;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`the condition did not come true within ${untilBoundMs} ms`);
    await Bun.sleep(1);
  }
}

/** Long enough for what is on its way to arrive; only for showing that something does not happen. */
export function settle(): Promise<void> {
  return Bun.sleep(30);
}

/** Bytes of which no two parts are alike by accident. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8)) & 0xff;
  return bytes;
}
