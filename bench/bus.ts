/**
 * The bus beside NATS (Debian package nats-server), every part a process of its own, one after the other on the same
 * machine: durable publishes acknowledged per second, and events per second from a publisher to a subscriber.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BusFigure, BusLoad } from "./bus/figures.ts";
import {
  type BusSide,
  hasNatsClient,
  measureDurable,
  measureMemory,
  startMicrocosm,
  startNats,
} from "./bus/side.ts";
import { programPath } from "./peers/side.ts";

const durableLoad: BusLoad = { bytes: 128, inFlight: 256, warmupMs: 1000, seconds: 3 };
const memoryLoad: BusLoad = { bytes: 128, inFlight: 4096, warmupMs: 1000, seconds: 3 };

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
    const ours = await measure(await startMicrocosm(directory));
    const peers: Result[] = [];
    if (programPath("nats-server") === undefined)
      print("NATS not measured: install the Debian package nats-server");
    else {
      if (hasNatsClient) {
        peers.push(await measure(await startNats(directory, "NATS, its client", "nats-official.mjs")));
      } else print("NATS's own client not measured: run bun install --cwd bench/peers");
      // Shows what the server could do if the client did nothing.
      peers.push(await measure(await startNats(directory, "NATS, bare client", "nats-bare.ts")));
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

async function measure(side: BusSide): Promise<Result> {
  try {
    const durable = await measureDurable(side, durableLoad);
    return { name: side.name, durable, memory: await measureMemory(side, memoryLoad) };
  } finally {
    await side.stop();
  }
}

function describe(name: string, { perSecond, p50Ms, p99Ms }: BusFigure): string {
  const latency =
    p50Ms === undefined || p99Ms === undefined
      ? ""
      : `, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  return `${name.padEnd(18)} ${Math.round(perSecond).toLocaleString("en").padStart(10)} /s${latency}`;
}

if (import.meta.main) await benchBus();
