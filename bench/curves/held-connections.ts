/**
 * `bun held-connections.ts <HeldLoad as JSON>`: opens connections, asks over each in turn at a steady rate, tells its parent
 * `warm` and then its figures, and keeps the connections open until it is killed.
 */
import type { Socket } from "bun";
import { LatencyHistogram } from "../load/histogram.ts";
import { makeRequest, parseTarget } from "../load/request.ts";

export interface HeldLoad {
  readonly url: string;
  readonly connections: number;
  /** Over all connections. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface HeldFigures {
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Opened at once: fewer than a listener's backlog. */
const openedTogether = 100;
const tickMs = 5;
const warmupMs = 1000;

/** One connection; a request is sent over it when the last one is answered. */
class Held {
  #socket: Socket | undefined;
  #sentMs = 0;
  readonly #answered: (ms: number) => void;

  constructor(answered: (ms: number) => void) {
    this.#answered = answered;
  }

  async open(hostname: string, port: number): Promise<void> {
    this.#socket = await Bun.connect({
      hostname,
      port,
      socket: {
        // An answer of this service is one small segment.
        data: (_socket, bytes) => this.#take(bytes),
        close: () => fail("the gateway closed a connection"),
        error: (_socket, error) => fail(error.message),
      },
    });
  }

  /** False when its last request is not answered yet. */
  ask(bytes: Uint8Array): boolean {
    if (this.#sentMs !== 0) return false;
    this.#sentMs = performance.now();
    this.#socket!.write(bytes);
    return true;
  }

  #take(bytes: Uint8Array): void {
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, 12).equals(ok))
      fail(Buffer.from(bytes).toString().split("\r\n")[0]!);
    const ms = performance.now() - this.#sentMs;
    this.#sentMs = 0;
    this.#answered(ms);
  }
}

const ok = Buffer.from("HTTP/1.1 200");

function fail(why: string): never {
  process.stderr.write(`held-connections: ${why}\n`);
  process.exit(1);
}

async function main(load: HeldLoad): Promise<void> {
  const target = parseTarget(load.url);
  const { bytes } = makeRequest(target, { path: target.url.pathname });
  const latencies = new LatencyHistogram();
  let answers = 0;
  const answered = (ms: number) => {
    answers++;
    latencies.recordMs(ms);
  };
  const all = Array.from({ length: load.connections }, () => new Held(answered));
  for (let from = 0; from < all.length; from += openedTogether) {
    const some = all.slice(from, from + openedTogether);
    await Promise.all(some.map((held) => held.open(target.hostname, target.port)));
  }
  let next = 0;
  let due = 0;
  let began = performance.now();
  setInterval(() => {
    const wanted = ((performance.now() - began) / 1000) * load.perSecond;
    // What all connections together cannot take now is not made up for later.
    for (let tries = 0; due < wanted && tries < all.length; tries++) {
      if (all[next]!.ask(bytes)) due++;
      next = (next + 1) % all.length;
    }
    due = Math.max(due, Math.floor(wanted));
  }, tickMs);
  await Bun.sleep(warmupMs);
  process.send!("warm");
  answers = 0;
  latencies.reset();
  await Bun.sleep(load.seconds * 1000);
  const figures: HeldFigures = {
    answers,
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
  };
  began = Number.POSITIVE_INFINITY;
  process.send!(figures);
}

await main(JSON.parse(process.argv[2]!) as HeldLoad);
