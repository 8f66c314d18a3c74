/**
 * NATS's side of the bus measurement: `bun nats-bare.ts acked|publish|subscribe <port> <load as JSON>`.
 *
 * A bare client of the NATS text protocol (docs.nats.io, "Client Protocol"): it does less for a message than the
 * official one, makes no promise for it, and writes what a turn of the event loop brings at once, so that what is measured
 * is the server.
 */
import type { Socket } from "bun";
import { type BusLoad, Meter } from "../bus/figures.ts";

const [role, port, json] = process.argv.slice(2) as [string, string, string];
const load = JSON.parse(json) as BusLoad;
const stream = { name: "BENCH", subjects: ["disk"], storage: "file", max_bytes: 512 * 1024 * 1024 };
const inbox = "_INBOX.bench";

/** Messages of one read: their number, and the payload of the first. */
type OnMessages = (count: number, first: string) => void;

class NatsLink {
  readonly #onMessages: OnMessages;
  readonly #opened = Promise.withResolvers<void>();
  #socket!: Socket;
  #rest = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #onDrain: (() => void) | undefined;

  constructor(onMessages: OnMessages) {
    this.#onMessages = onMessages;
  }

  async open(): Promise<this> {
    this.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(port),
      socket: { data: (_socket, bytes: Buffer) => this.#read(bytes), drain: () => this.#flush() },
    });
    this.send(Buffer.from('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n'));
    await this.#opened.promise;
    return this;
  }

  get clogged(): boolean {
    return this.#unsent.length > 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrain = resolve;
    });
  }

  send(bytes: Buffer): void {
    this.#unsent.push(bytes);
    this.#flush();
  }

  close(): void {
    this.#socket.end();
  }

  #flush(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined; bytes = this.#unsent[0]) {
      const written = this.#socket.write(bytes);
      if (written < bytes.length) {
        this.#unsent[0] = bytes.subarray(Math.max(0, written));
        return;
      }
      this.#unsent.shift();
    }
    this.#onDrain?.();
  }

  #read(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    let count = 0;
    let first = "";
    for (;;) {
      const end = all.indexOf("\r\n", at);
      if (end < 0) break;
      const kind = all[at];
      if (kind === 0x4d /* MSG subject sid [reply] bytes */) {
        const length = Number(all.toString("latin1", all.lastIndexOf(" ", end) + 1, end));
        if (end + 2 + length + 2 > all.length) break;
        if (count++ === 0) first = all.toString("latin1", end + 2, end + 2 + Math.min(length, 200));
        at = end + 2 + length + 2;
        continue;
      }
      if (kind === 0x50 && all[at + 1] === 0x49 /* PING */) this.send(Buffer.from("PONG\r\n"));
      if (kind === 0x50 && all[at + 1] === 0x4f /* PONG */) this.#opened.resolve();
      if (kind === 0x2d /* -ERR */) throw new Error(all.toString("latin1", at, end));
      at = end + 2;
    }
    this.#rest = Buffer.from(all.subarray(at));
    if (count > 0) this.#onMessages(count, first);
  }
}

function message(subject: string, reply: string): Buffer {
  return Buffer.concat([
    Buffer.from(`PUB ${subject}${reply} ${load.bytes}\r\n`),
    Buffer.alloc(load.bytes),
    Buffer.from("\r\n"),
  ]);
}

async function acked(): Promise<void> {
  const created = Promise.withResolvers<string>();
  const meter = new Meter(load);
  const one = message("disk", ` ${inbox}.ack`);
  const began: number[] = [];
  let running = true;
  let publishing = false;
  const publish = (count: number) => {
    const now = performance.now();
    for (let i = 0; i < count; i++) began.push(now);
    link.send(Buffer.concat(Array.from({ length: count }, () => one)));
  };
  const link = await new NatsLink((count, first) => {
    if (!publishing) return created.resolve(first);
    if (first.includes('"error"')) throw new Error(first);
    // JetStream acknowledges in the order of the publishes.
    for (const at of began.splice(0, count)) meter.tick(1, at);
    if (running) publish(count);
  }).open();
  const config = JSON.stringify(stream);
  link.send(Buffer.from(`SUB ${inbox}.> 1\r\n`));
  link.send(Buffer.from(`PUB $JS.API.STREAM.CREATE.BENCH ${inbox}.made ${config.length}\r\n${config}\r\n`));
  const answer = await created.promise;
  if (answer.includes('"error"')) throw new Error(answer);
  publishing = true;
  publish(load.inFlight);
  console.log(JSON.stringify(await meter.done));
  running = false;
  link.close();
}

async function publish(): Promise<void> {
  const link = await new NatsLink(() => {}).open();
  const batch = Buffer.concat(Array.from({ length: 256 }, () => message("memory", "")));
  let running = true;
  process.once("SIGTERM", () => {
    running = false;
  });
  while (running) {
    link.send(batch);
    if (link.clogged) await link.drained();
    else await new Promise(setImmediate);
  }
  link.close();
}

async function subscribe(): Promise<void> {
  const meter = new Meter(load);
  const link = await new NatsLink((count) => meter.tick(count)).open();
  link.send(Buffer.from("SUB memory 1\r\n"));
  console.log("ready");
  console.log(JSON.stringify(await meter.done));
  link.close();
}

const roles: Readonly<Record<string, () => Promise<void>>> = { acked, publish, subscribe };
await roles[role]!();
process.exit(0);
