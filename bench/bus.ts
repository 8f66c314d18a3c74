/**
 * The bus beside NATS (Debian package nats-server), every part a process of its own, one after the other on the same
 * machine: durable publishes acknowledged per second, and events per second from a publisher to a subscriber.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BusFigure, BusLoad } from "./bus/figures.ts";
import { startReady } from "./processes.ts";

const durableLoad: BusLoad = { bytes: 128, inFlight: 256, warmupMs: 1000, seconds: 3 };
const memoryLoad: BusLoad = { bytes: 128, inFlight: 4096, warmupMs: 1000, seconds: 3 };
const peersDirectory = join(import.meta.dir, "peers");
const measureTimeoutMs = 60_000;

interface Side {
  readonly name: string;
  readonly script: string;
  /** Socket or port. */
  readonly where: string;
  readonly stop: () => Promise<void>;
}

interface Result {
  readonly name: string;
  readonly durable: BusFigure;
  readonly memory: BusFigure;
}

export async function benchBus(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "bench-bus-"));
  try {
    const { bytes, seconds, warmupMs } = durableLoad;
    print(`events of ${bytes} bytes, ${seconds} s after ${warmupMs} ms of warm-up`);
    const ours = await measure(await microcosm(directory));
    const peers: Result[] = [];
    if (Bun.which("nats-server") === null) print("NATS not measured: install the Debian package nats-server");
    else {
      if (existsSync(join(peersDirectory, "node_modules"))) {
        peers.push(await measure(await nats(directory, "NATS, its client", "nats-official.mjs")));
      } else print("NATS's own client not measured: run bun install --cwd bench/peers");
      // Shows what the server could do if the client did nothing.
      peers.push(await measure(await nats(directory, "NATS, bare client", "nats-bare.ts")));
    }
    print(
      `\ndurable publish, acknowledged, ${durableLoad.inFlight} in flight from one client (budget: 2 × NATS)`,
    );
    table(ours, peers, (result) => result.durable);
    print("  Microcosm's are fsynced before they are acknowledged, those of NATS's file storage are not.");
    print("\npublish → subscriber, in memory (budget: 1 × NATS)");
    table(ours, peers, (result) => result.memory);
    print(`  Microcosm acknowledges both ways, ${memoryLoad.inFlight} in flight; NATS sends and forgets.`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function table(ours: Result, peers: readonly Result[], figureOfResult: (result: Result) => BusFigure): void {
  const mine = figureOfResult(ours);
  print(`  ${describe(ours.name, mine)}`);
  for (const peer of peers) {
    const theirs = figureOfResult(peer);
    const ratio = (mine.perSecond / theirs.perSecond).toFixed(2);
    print(`  ${describe(peer.name, theirs)} → Microcosm has ${ratio} ×`);
  }
}

async function microcosm(directory: string): Promise<Side> {
  const script = join(import.meta.dir, "bus", "microcosm.ts");
  const where = join(directory, "b.sock");
  const broker = await startReady([process.execPath, script, "broker", where, "{}"]);
  return { name: "Microcosm", script, where, stop: broker.stop };
}

async function nats(directory: string, name: string, script: string): Promise<Side> {
  const port = await freePort();
  const command = [
    "nats-server",
    "-a",
    "127.0.0.1",
    "-p",
    String(port),
    "-js",
    "-sd",
    join(directory, "nats"),
  ];
  const server = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  const stop = async () => {
    server.kill();
    await server.exited;
  };
  try {
    await answers(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, script: join(peersDirectory, script), where: String(port), stop };
}

async function measure(side: Side): Promise<Result> {
  try {
    const durable = await figureOf(side, "acked", durableLoad);
    const publisher = { stop: async () => {} };
    const subscribed = figureOf(side, "subscribe", memoryLoad, async () => {
      const child = Bun.spawn(commandOf(side, "publish", memoryLoad), {
        stdout: "ignore",
        stderr: "inherit",
      });
      publisher.stop = async () => {
        child.kill();
        await child.exited;
      };
    });
    const memory = await subscribed.finally(() => publisher.stop());
    return { name: side.name, durable, memory };
  } finally {
    await side.stop();
  }
}

/** Runs a measuring process to its end; `ready` is called when it says so. */
async function figureOf(
  side: Side,
  role: string,
  load: BusLoad,
  ready?: () => Promise<void>,
): Promise<BusFigure> {
  const child = Bun.spawn(commandOf(side, role, load), { stdout: "pipe", stderr: "inherit" });
  const timeout = setTimeout(() => child.kill("SIGKILL"), measureTimeoutMs);
  try {
    let text = "";
    let waiting = ready;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (waiting !== undefined && text.includes("ready")) {
        await waiting();
        waiting = undefined;
      }
    }
    const line = text.trim().split("\n").at(-1) ?? "";
    if (!line.startsWith("{")) throw new Error(`${side.name} ${role} printed no figure: ${text}`);
    return JSON.parse(line) as BusFigure;
  } finally {
    clearTimeout(timeout);
    await child.exited;
  }
}

function commandOf(side: Side, role: string, load: BusLoad): string[] {
  return [process.execPath, side.script, role, side.where, JSON.stringify(load)];
}

function describe(name: string, { perSecond, p50Ms, p99Ms }: BusFigure): string {
  const latency =
    p50Ms === undefined || p99Ms === undefined
      ? ""
      : `, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  return `${name.padEnd(18)} ${Math.round(perSecond).toLocaleString("en").padStart(10)} /s${latency}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(25);
    }
  }
  throw new Error(`nats-server does not answer on port ${port}`);
}

if (import.meta.main) await benchBus();
