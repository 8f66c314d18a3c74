/** A message bus under test: its server is a process of its own, and so is each client that measures it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startReady } from "../processes.ts";
import { freePort, untilListening } from "../ports.ts";
import type { BusFigure, BusLoad } from "./figures.ts";
import { programPath } from "../peers/side.ts";

const measureTimeoutMs = 60_000;
const peersDirectory = join(import.meta.dir, "..", "peers");

export interface BusSide {
  readonly name: string;
  /** Plays the client, as `bun SCRIPT acked|publish|subscribe WHERE LOAD`, and prints a BusFigure as its last line. */
  readonly script: string;
  /** Socket or port. */
  readonly where: string;
  /** The server's. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** NATS's own packages are there (`bun install --cwd bench/peers`). */
export const hasNatsClient = existsSync(join(peersDirectory, "node_modules", "@nats-io"));

export async function startMicrocosm(directory: string): Promise<BusSide> {
  const script = join(import.meta.dir, "microcosm.ts");
  const where = join(directory, "b.sock");
  const broker = await startReady([process.execPath, script, "broker", where, "{}"]);
  return { name: "Microcosm", script, where, pid: broker.process.pid, stop: broker.stop };
}

export async function startNats(directory: string, name: string, script: string): Promise<BusSide> {
  const port = await freePort();
  const folder = join(directory, "nats");
  const program = programPath("nats-server") ?? "nats-server";
  const command = [program, "-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder];
  const server = Bun.spawn(command, { stdout: "ignore", stderr: "ignore" });
  const stop = async () => {
    server.kill();
    await server.exited;
  };
  try {
    await untilListening(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, script: join(peersDirectory, script), where: String(port), pid: server.pid, stop };
}

/** Publishes acknowledged one by one, `load.inFlight` under way from one client. */
export function measureDurable(side: BusSide, load: BusLoad): Promise<BusFigure> {
  return figureOf(side, "acked", load);
}

/** One process publishes, another subscribes and counts. */
export async function measureMemory(side: BusSide, load: BusLoad): Promise<BusFigure> {
  let publisher: Bun.Subprocess | undefined;
  try {
    return await figureOf(side, "subscribe", load, () => {
      publisher = Bun.spawn(commandOf(side, "publish", load), { stdout: "ignore", stderr: "inherit" });
    });
  } finally {
    publisher?.kill();
    await publisher?.exited;
  }
}

/** Runs a measuring process to its end; `ready` is called when it says so. */
async function figureOf(side: BusSide, role: string, load: BusLoad, ready?: () => void): Promise<BusFigure> {
  const child = Bun.spawn(commandOf(side, role, load), { stdout: "pipe", stderr: "inherit" });
  const timeout = setTimeout(() => child.kill("SIGKILL"), measureTimeoutMs);
  try {
    let text = "";
    let waiting = ready;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (waiting !== undefined && text.includes("ready")) {
        waiting();
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

function commandOf(side: BusSide, role: string, load: BusLoad): string[] {
  return [process.execPath, side.script, role, side.where, JSON.stringify(load)];
}
